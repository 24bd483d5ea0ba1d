"""Finding records: what each did to which resource, and the words that lead to it; made of `metadata.json` alone."""
