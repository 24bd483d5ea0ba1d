"""Who did what, from where and when: written in the transaction of the deed, chained soon after, never changed."""
