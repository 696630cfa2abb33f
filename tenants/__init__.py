"""The control plane: which shop is this, and where does its data live.

Never imports ``booking_service``.
"""
