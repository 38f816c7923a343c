"""Alerts: raised once, escalated step by step, rung by what each person chose, until somebody answers."""
