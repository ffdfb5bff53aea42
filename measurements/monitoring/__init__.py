"""How the platform is: what it depends on, what waits, which alarm is raised, and the figures for a monitor."""
