"""What happened: records written once, their index, the timeline and comparisons."""
