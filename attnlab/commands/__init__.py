"""The commands, one thin file each: read the command line, convert, call the experiment."""
