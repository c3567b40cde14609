"""Altered files, by the thousand: every film or refusal that `cxr.imaging.reader.read` gives for
them is checked, in a process that may be killed. ``python -m tests.fuzz --help``"""
