"""What a technician does with boards: flash, check, replace, update. No command line in here."""
