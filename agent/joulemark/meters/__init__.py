"""Sensors to raw ticks. Import the modules by name; no driver is touched before a meter is opened."""
