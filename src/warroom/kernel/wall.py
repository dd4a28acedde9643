"""The second wall: policies of row-level security that narrow by the same sides as a `Scope`.

`Scope.narrow` is the first wall: it knows the action and what is denied, and stands in every query.
The second knows neither; it holds where a query forgets the first. Each transaction tells it the
things that its scope reaches at all (`Scope.database_settings`), and a connection that tells
nothing reaches nothing.

This text is part of migrations that have run: new sides are added, none is changed. The functions
it asks are made in migration 0009, and are evaluated once a query, however many rows there are.
"""

from warroom.kernel.scope import AS_TEXT


def reaches(
    *,
    agency: str | None = None,
    place: str | None = None,
    id: str | None = None,  # noqa: A002 - it names the column `id`
    tags: str | None = None,
    class_: str | None = None,
) -> str:
    """The condition that a row lies within the scope; the columns are named as in `narrow`.

    A side that a table does not have is left out: a right that is limited by it reaches none of
    the table's rows, here as in `narrow`.
    """
    ids, objects = "scope_object_ids()", "r.objects"
    if id and id.endswith(AS_TEXT):
        ids, objects = f"{ids}::text", f"{objects}::text[]"
    parts = ["(select scope_sees_all())"]
    if agency:
        parts.append(f"{agency} in (select scope_agency_ids())")
    if id:
        parts.append(f"{id} in (select {ids})")
    if place:
        parts.append(f"({place} || '.') ^@ any((select scope_places())::text[])")
    if class_:
        parts.append(f"{class_} = any((select scope_classes())::text[])")
    if tags:
        parts.append(f"{tags} && (select scope_tags())::text[]")
    several = [
        f"(r.agencies is null or {agency} = any(r.agencies))" if agency else "r.agencies is null",
        f"(r.objects is null or {id} = any({objects}))" if id else "r.objects is null",
        f"(r.places is null or ({place} || '.') ^@ any(r.places))" if place else "r.places is null",
        f"(r.classes is null or {class_} = any(r.classes))" if class_ else "r.classes is null",
        f"(r.tags is null or {tags} && r.tags)" if tags else "r.tags is null",
    ]
    parts.append(
        "(select scope_has_rules()) and exists (select from scope_rules() r where "
        + " and ".join(several)
        + ")"
    )
    return "(" + "\n    or ".join(parts) + ")"


def policy(table: str, condition: str) -> str:
    """Statements that put a table behind the wall, in place of the policy it had."""
    return (
        f"alter table {table} enable row level security;\n"
        f"drop policy if exists {table}_scope on {table};\n"
        f"create policy {table}_scope on {table} using ({condition});\n"
    )
