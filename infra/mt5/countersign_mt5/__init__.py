"""The bridge between Countersign and one MetaTrader 5 terminal: see README.md in the folder above."""
