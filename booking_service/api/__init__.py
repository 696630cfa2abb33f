"""HTTP only: unpack, call one service, serialise. One file per resource."""
