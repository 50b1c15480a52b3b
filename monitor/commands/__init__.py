"""The commands of `monitor` beside running it: what they look at, and how they show it.

Never holds what the daemon needs: nothing below imports from here.
"""
