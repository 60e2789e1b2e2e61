"""The client on a clock, a network, a gateway and a ledger's file that are all drawn from one seed.

`python -m tests.simulation --seeds 0:1000` runs some; a failure prints its seed, and `--seeds N:N+1 --trace` replays it
exactly. What is run is the package as it is, from `payments.purchase` to the bytes that aiohttp writes and reads.

`workload` draws what happens, `checker` says what must hold; neither knows the other.
"""
