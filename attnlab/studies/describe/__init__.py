"""`attnlab data describe`; long for a dozen findings with evidence and remedy, and its report."""
