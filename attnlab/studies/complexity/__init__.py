"""`attnlab complexity`: cost of self-attention, recurrence and convolution by sentence length."""
