"""One deployment told from its record: on paper, and as a document for programs."""
