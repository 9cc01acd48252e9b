"""The wire between a kernel and its pages: views, sessions, frames, requests."""
