"""The house: settings, processes, routes; everything that is neither wanted, deployed nor remembered."""
