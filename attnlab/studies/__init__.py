"""What can be found out with attnlab: one folder or file a study; only its command imports it."""
