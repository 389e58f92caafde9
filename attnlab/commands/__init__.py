"""The commands, one thin file each: they read the command line and call a study or a trainer."""
