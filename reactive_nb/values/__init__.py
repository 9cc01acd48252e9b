"""Values: what a field may hold, one total order of it written as bytes, its encodings, validators and ids.

In the order data flows: `value` (with `conversion` and `refusal`), `order`, `wire`, `ids`, `scalars`, `shapes`,
`containers`, `validators`, `annotations`.
"""
