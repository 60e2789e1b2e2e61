"""What becomes of a charge when its ledger fails, with real disks, locks, files and servers."""
