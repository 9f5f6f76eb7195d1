"""Fits what ships and what users calibrate, offline: outcomes in, frozen numbers out."""
