"""The budget search: what can be tried, what it costs and scores, and Optuna's study that decides what comes
next.
"""
