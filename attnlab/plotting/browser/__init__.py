"""Pages for a browser as one file each, and the scripts that several of them share."""
