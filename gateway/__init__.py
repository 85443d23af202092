"""What runs on the hall's computer: it holds the queue and tells every node what to show."""
