"""Outcomes in, evidence out: how good a router is, compared with what needs no router at all. Offline."""
