"""The pipeline as a service: its heartbeat, its reload on edits, its measures, the care for its state.

Never decides what an arrow does; it drives them.
"""
