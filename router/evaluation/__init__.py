"""Offline: outcomes in, evidence out. Judges what training fits, and never imports it."""
