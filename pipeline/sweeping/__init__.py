"""Sweeps: the same documents at several calibration levels, on disk, asked for, and indexed."""
