"""Every SELECT, one file per aggregate; named by what is wanted.

``find_*`` may return None, ``require_*`` raises.
"""
