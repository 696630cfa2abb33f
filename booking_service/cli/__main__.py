"""``python -m booking_service.cli``."""

from booking_service.cli import main

main()
