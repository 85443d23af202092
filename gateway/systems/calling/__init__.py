"""Calling (智能排号): tickets, windows, calling, announcements, overtime."""
