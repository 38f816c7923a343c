"""The rota's pages, for everybody in it: calendars, shifts, swaps, methods, fairness, policies, alerts."""
