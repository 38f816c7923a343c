"""The rota: schedules, turns, exceptions to them, and who is on duty when."""
