"""Reports on paper: what a PDF of ours is made of, whatever it tells."""
