"""Outcomes in, evidence out: how good a router is, beside what needs no router at all. Offline."""
