//! Development only: a running server, a fake clock, a faulty store, private services.
