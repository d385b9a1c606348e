"""What the effects of changesets say about their order."""

from __future__ import annotations

import time

from changelog_engine.changelog.expressions import parse_expression
from changelog_engine.model import Location
from changelog_engine.sql.effects import Act, Effect, Kind, Opaque, Thing
from tests.unit.graph.effects_by_hand import (
    column,
    deletes,
    does,
    edge,
    function,
    inferred,
    inserts,
    part,
    references,
    relation,
    subject,
    table,
    told,
    updates,
    uses,
)

CUSTOMERS = subject("create-customers", table("customers", "id", "email"))
ORDERS = subject(
    "create-orders", table("orders", "id", "customer_id"), references("orders", ["customer_id"], "customers")
)
TOTAL = subject("add-total", column(Act.CREATES, "orders.total"))


# ---------------------------------------------------------------------------------------------- requirements


def test_a_foreign_key_needs_the_table_that_it_references() -> None:
    found = inferred(ORDERS, CUSTOMERS)
    assert told(found) == {"create-orders requires create-customers"}
    assert found.edges[0].reason == "orders.customer_id references customers, created by `create-customers`"


def test_a_column_needs_who_added_it_wherever_that_stands() -> None:
    view = subject("view", uses("orders", "total"), does(Act.CREATES, relation("v"), "view"))
    found = inferred(view, TOTAL, ORDERS, CUSTOMERS)
    assert {"view requires add-total", "view requires create-orders", "add-total requires create-orders"} <= told(found)
    added = edge(found, "add-total", "view")
    assert added is not None
    assert added.reason == "uses orders.total, added by `add-total`"


def test_what_a_changeset_makes_before_it_uses_it_it_does_not_need() -> None:
    own = subject("own", table("orders", "id"), uses("orders", "id"))
    other = subject("other", table("orders", "id", act=Act.ENSURES))
    assert "own requires other" not in told(inferred(own, other))


def test_a_body_that_runs_later_may_use_what_the_changeset_makes_after_it() -> None:
    own = subject("own", function("f"), uses("t", act=Act.USES_WHEN_RUN), table("t", "id"))
    assert told(inferred(own, subject("other", table("t", "id", act=Act.ENSURES)))) == {"other requires own"}


def test_a_key_that_was_made_apart_from_its_table_is_needed() -> None:
    key = Thing(Kind.KEY, "email", "", "customers")
    unique = subject("unique", uses("customers", "email"), does(Act.CREATES, key, "key"))
    upsert = subject("upsert", inserts("customers", {"id": "1"}), does(Act.USES, key, "key"))
    assert "upsert requires unique" in told(inferred(upsert, CUSTOMERS, unique))


def test_a_name_is_looked_for_in_the_other_schemas_of_the_search_path() -> None:
    use = subject("use", Effect(Act.USES, Thing(Kind.RELATION, "t", "app"), "table", 0, ("",)))
    assert told(inferred(use, subject("make", table("t", "id")))) == {"use requires make"}


def test_a_relation_with_columns_that_are_not_told_may_have_any() -> None:
    star = subject("star", does(Act.CREATES, relation("v"), "view"), does(Act.CREATES, part(Kind.COLUMN, "v.*")))
    found = inferred(subject("use", uses("v", "anything")), star)
    assert told(found) == {"use requires star"}
    assert found.unresolved == ()


def test_the_schema_comes_before_what_is_in_it() -> None:
    schema = Thing(Kind.SCHEMA, "app")
    found = inferred(
        subject("table", does(Act.USES, schema), table("app.t", "id")), subject("schema", does(Act.CREATES, schema))
    )
    assert [each.reason for each in found.edges] == ["is in schema app, created by `schema`"]


def test_values_of_an_enum_are_needed_one_by_one() -> None:
    value = part(Kind.VALUE, "mood.late")
    add = subject("add", does(Act.ALTERS, Thing(Kind.TYPE, "mood")), does(Act.CREATES, value))
    use = subject("use", does(Act.MAY_USE, value))
    assert told(inferred(use, add)) == {"use requires add"}


def test_what_brings_an_extension_is_needed_for_its_functions() -> None:
    from changelog_engine.graph.inference import infer

    crypt = subject("crypt", does(Act.USES, Thing(Kind.ROUTINE, "crypt"), "function"))
    extension = subject("extension", does(Act.ENSURES, Thing(Kind.EXTENSION, "pgcrypto")))
    found = infer([crypt, extension], [], lambda thing: ("pgcrypto",) if thing.name == "crypt" else ())
    assert told(found) == {"crypt requires extension"}
    assert found.unresolved == ()


def test_alternatives_for_different_contexts_are_all_needed_and_no_conflict() -> None:
    dev = subject("dev", table("t", "id"), contexts=parse_expression("dev"))
    prod = subject("prod", table("t", "id"), contexts=parse_expression("prod"))
    found = inferred(subject("use", uses("t", "id")), dev, prod)
    assert told(found) == {"use requires dev", "use requires prod"}
    assert found.conflicts == ()


# --------------------------------------------------------------------------------------------- lives of names


def test_what_uses_a_table_comes_before_its_drop_and_the_drop_needs_its_maker() -> None:
    drop = subject("drop", uses("orders"), does(Act.DROPS, relation("orders"), "table"))
    insert = subject("insert", inserts("orders", {"id": "1"}))
    found = inferred(drop, insert, TOTAL, ORDERS, CUSTOMERS)
    assert {"drop requires create-orders", "drop after insert", "drop requires add-total"} <= told(found)
    last = edge(found, "insert", "drop")
    assert last is not None
    assert last.reason == "drops table orders, which `insert` uses"


def test_if_exists_ends_a_table_too() -> None:
    drop = subject("drop", does(Act.DROPS, relation("customers"), "table"))
    assert "drop requires create-customers" in told(inferred(drop, CUSTOMERS))


def test_the_old_name_is_used_before_a_renaming_and_the_new_one_after() -> None:
    rename = subject(
        "rename",
        uses("orders"),
        does(Act.RENAMES_FROM, relation("orders"), "table"),
        does(Act.RENAMES_TO, relation("purchases"), "table"),
        does(Act.RENAMES_TO, part(Kind.COLUMN, "purchases.*")),
    )
    old = subject("old", uses("orders", "id"))
    new = subject("new", uses("purchases", "id"))
    found = inferred(new, rename, old, ORDERS, CUSTOMERS)
    assert {"rename after old", "new requires rename", "rename requires create-orders"} <= told(found)


def test_a_renamed_column_has_two_names_in_turn() -> None:
    rename = subject(
        "rename", uses("orders", "total"), does(Act.RENAMES_FROM, part(Kind.COLUMN, "orders.total")),
        does(Act.RENAMES_TO, part(Kind.COLUMN, "orders.sum")),
    )  # fmt: skip
    old, new = subject("old", uses("orders", "total")), subject("new", uses("orders", "sum"))
    found = inferred(new, old, rename, TOTAL, ORDERS, CUSTOMERS)
    assert {"rename after old", "new requires rename", "rename requires add-total"} <= told(found)


def test_a_name_that_is_made_again_has_two_lives() -> None:
    first = subject("first", table("t", "a"))
    early = subject("early", uses("t", "a"))
    drop = subject("drop", uses("t"), does(Act.DROPS, relation("t"), "table"))
    second = subject("second", table("t", "b"))
    late = subject("late", uses("t", "b"))
    found = inferred(first, early, drop, second, late)
    assert told(found) >= {"early requires first", "drop requires first", "drop after early", "second after drop"}
    assert "late requires second" in told(found)
    assert "late requires first" not in told(found)


def test_which_life_of_a_table_is_meant_say_the_columns_wherever_the_files_stand() -> None:
    found = inferred(
        subject("late", uses("t", "b")),
        subject("first", table("t", "a")),
        subject("drop", uses("t"), does(Act.DROPS, relation("t"), "table")),
        subject("second", table("t", "b")),
        subject("early", uses("t", "a")),
    )
    assert {"late requires second", "early requires first", "drop after early", "second after drop"} <= told(found)
    assert not {"late requires first", "drop after late"} & told(found)


def test_a_column_that_is_dropped_and_added_again_has_two_lives() -> None:
    again = subject("again", column(Act.CREATES, "orders.total"))
    drop = subject("drop", column(Act.DROPS, "orders.total"))
    found = inferred(CUSTOMERS, ORDERS, TOTAL, subject("early", uses("orders", "total")), drop, again)
    assert {"drop after early", "drop requires add-total", "again after drop"} <= told(found)


def test_a_table_that_is_dropped_and_made_by_one_changeset_is_replaced() -> None:
    replace = subject(
        "replace", uses("t"), does(Act.DROPS, relation("t"), "view"), does(Act.CREATES, relation("t"), "view")
    )
    found = inferred(replace, subject("make", does(Act.CREATES, relation("t"), "view")))
    assert "replace requires make" in told(found)


def test_or_replace_comes_after_the_maker_and_who_calls_it_needs_that_one() -> None:
    replace = subject("replace", function("f", Act.REPLACES))
    call = subject("call", does(Act.USES, Thing(Kind.ROUTINE, "f"), "function"))
    found = inferred(replace, call, subject("make", function("f")))
    assert told(found) == {"replace requires make", "call requires make"}
    assert found.conflicts == ()


def test_a_view_comes_after_the_altering_of_its_columns() -> None:
    alter = subject("alter", column(Act.ALTERS, "orders.total"))
    view = subject("view", uses("orders", "total"), does(Act.CREATES, relation("v"), "view"))
    assert "view after alter" in told(inferred(view, alter, TOTAL, ORDERS, CUSTOMERS))


# ------------------------------------------------------------------------------------------------------ rows


def test_child_rows_require_the_parent_rows_that_they_name() -> None:
    one, two = subject("one", inserts("customers", {"id": "1"})), subject("two", inserts("customers", {"id": "2"}))
    child = subject("child", inserts("orders", {"id": "7", "customer_id": "'2'"}))
    found = inferred(child, one, two, ORDERS, CUSTOMERS)
    assert "child requires two" in told(found)
    assert "child requires one" not in told(found)
    assert "child after one" not in told(found)


def test_child_rows_come_after_parent_rows_where_keys_are_not_told() -> None:
    parent, child = subject("parent", inserts("customers")), subject("child", inserts("orders"))
    assert "child after parent" in told(inferred(child, parent, ORDERS, CUSTOMERS))


def test_a_child_row_without_a_parent_needs_none() -> None:
    parent = subject("parent", inserts("customers", {"id": "1"}))
    child = subject("child", inserts("orders", {"id": "7", "customer_id": "NULL"}))
    assert edge(inferred(child, parent, ORDERS, CUSTOMERS), "parent", "child") is None


def test_a_row_is_changed_after_it_was_inserted() -> None:
    update = subject("update", updates("customers", ["email"], {"id": "1"}))
    delete = subject("delete", deletes("customers", {"id": "1"}))
    insert = subject("insert", inserts("customers", {"id": "1"}))
    found = inferred(update, delete, insert, CUSTOMERS)
    assert {"update requires insert", "delete requires insert"} <= told(found)


def test_a_stricter_rule_comes_after_the_backfill() -> None:
    tighten = subject("tighten", column(Act.TIGHTENS, "orders.total"))
    fill = subject("fill", updates("orders", ["total"]))
    other = subject("other", updates("orders", ["customer_id"]))
    some = subject("some", updates("orders", ["total"], {"id": "1"}))
    found = inferred(tighten, fill, some, other, TOTAL, ORDERS, CUSTOMERS, declared=[("fill", "some")])
    assert {"tighten requires fill", "tighten after some"} <= told(found)
    assert "tighten after other" not in told(found)
    assert found.conflicts == ()


def test_rows_without_a_value_are_there_before_it_is_filled_in_and_asked_for() -> None:
    tighten = subject("tighten", column(Act.TIGHTENS, "orders.total"))
    fill = subject("fill", updates("orders", ["total"]))
    bare = subject("bare", inserts("orders", {"id": "1", "customer_id": "NULL"}))
    full = subject("full", inserts("orders", {"id": "2", "customer_id": "NULL", "total": "3"}))
    found = inferred(tighten, fill, bare, full, TOTAL, ORDERS, CUSTOMERS)
    assert {"fill after bare", "tighten after bare"} <= told(found)
    assert "tighten after full" not in told(found)


# ------------------------------------------------------------------------------------------------- conflicts


def test_two_that_replace_one_function_conflict_and_go_in_the_order_of_the_files() -> None:
    one, two = subject("one", function("f", Act.REPLACES)), subject("two", function("f", Act.REPLACES), line=9)
    found = inferred(one, two)
    (conflict,) = found.conflicts
    assert told(found) == {"two after one"}
    assert conflict.message == (
        "`one` and `two` do not commute, and nothing says which is first: both replace function f"
    )
    assert "depends_on: [one]" in conflict.hint
    assert "{id: one, optional: true}" in conflict.hint
    assert "one changeset" in conflict.hint
    assert conflict.location == Location("main.yaml", 9, 1)


def test_overloads_are_replaced_independently() -> None:
    found = inferred(
        subject("one", function("f", Act.REPLACES, "int4")), subject("two", function("f", Act.REPLACES, "text"))
    )
    assert (told(found), found.conflicts) == (set(), ())


def test_a_declared_order_settles_a_conflict() -> None:
    one, two = subject("one", function("f", Act.REPLACES)), subject("two", function("f", Act.REPLACES))
    found = inferred(one, two, declared=[("one", "two")])
    assert (found.edges, found.conflicts) == ((), ())


def test_two_that_alter_one_column_conflict() -> None:
    found = inferred(
        TOTAL,
        subject("a", column(Act.ALTERS, "orders.total")),
        subject("b", column(Act.ALTERS, "orders.total")),
    )
    assert [(each.first, each.second) for each in found.conflicts] == [("a", "b")]


def test_two_that_add_one_column_conflict() -> None:
    found = inferred(
        subject("a", column(Act.CREATES, "customers.phone")),
        subject("b", column(Act.CREATES, "customers.phone")),
        CUSTOMERS,
    )
    assert [(each.first, each.second) for each in found.conflicts] == [("a", "b")]


def test_rows_that_one_inserts_and_another_changes_conflict() -> None:
    found = inferred(CUSTOMERS, subject("in", inserts("customers")), subject("up", updates("customers", ["email"])))
    assert [(each.first, each.second) for each in found.conflicts] == [("in", "up")]
    assert "up after in" in told(found)


def test_changes_of_different_columns_or_rows_and_insertions_commute() -> None:
    found = inferred(
        CUSTOMERS,
        subject("a", updates("customers", ["email"])),
        subject("b", updates("customers", ["name"])),
        subject("c", inserts("other", {"id": "1"})),
        subject("d", inserts("other", {"id": "2"})),
        subject("e", updates("third", ["x"], {"id": "1"})),
        subject("f", updates("third", ["x"], {"id": "2"})),
    )
    assert found.conflicts == ()


def test_rows_that_are_written_before_or_after_a_trigger_is_made_conflict() -> None:
    trigger = subject("trigger", uses("customers"), does(Act.CREATES, part(Kind.TRIGGER, "customers.g"), "trigger"))
    found = inferred(CUSTOMERS, subject("in", inserts("customers", {"id": "1"})), trigger)
    (conflict,) = found.conflicts
    assert conflict.message.endswith("the one writes rows of customers, the other makes a trigger on it")


def test_rows_that_are_read_while_others_write_them_conflict() -> None:
    copy = subject("copy", inserts("archive"), uses("customers", "id"))
    found = inferred(CUSTOMERS, copy, subject("in", inserts("customers", {"id": "1"})))
    assert [(each.first, each.second) for each in found.conflicts] == [("copy", "in")]


# ------------------------------------------------------------------------------------------- what is declared


def test_a_declared_edge_wins_and_the_contradiction_is_told() -> None:
    found = inferred(ORDERS, CUSTOMERS, declared=[("create-orders", "create-customers")])
    assert found.edges == ()
    (contradiction,) = found.contradictions
    assert contradiction.edge.before == "create-customers"
    assert "`create-orders` requires `create-customers` by its SQL" in contradiction.message


def test_two_that_need_each_other_lose_one_edge() -> None:
    found = inferred(
        subject("a", uses("t"), does(Act.CREATES, relation("s"), "view")),
        subject("b", uses("s"), does(Act.CREATES, relation("t"), "view")),
    )
    assert len(found.edges) == len(found.contradictions) == 1


def test_a_body_that_runs_later_gives_way_without_a_word() -> None:
    f = subject("f", function("f"), uses("t", act=Act.USES_WHEN_RUN))
    t = subject("t", does(Act.USES, Thing(Kind.ROUTINE, "f"), "function"), table("t", "id"))
    found = inferred(f, t)
    assert told(found) == {"t requires f"}
    assert found.contradictions == ()


def test_what_is_declared_too_keeps_its_reason() -> None:
    found = inferred(CUSTOMERS, ORDERS, declared=[("create-customers", "create-orders")])
    assert found.edges == ()
    assert found.reasons[("create-customers", "create-orders")].reason.startswith("orders.customer_id references")


def test_one_that_does_not_infer_needs_what_it_declares_alone_and_others_need_it() -> None:
    quiet = ORDERS._replace(infers=False)
    assert told(inferred(TOTAL, quiet, CUSTOMERS)) == {"add-total requires create-orders"}


# ---------------------------------------------------------------------------------------------------- opaque


def test_names_that_nobody_makes_are_told_with_their_place() -> None:
    found = inferred(subject("use", uses("nowhere", "x"), line=5))
    assert [(each.changeset, each.effect.thing, each.location.line) for each in found.unresolved] == [
        ("use", relation("nowhere"), 5)
    ]


def test_nobody_misses_what_may_be_used() -> None:
    assert inferred(subject("use", uses("nowhere", act=Act.MAY_USE))).unresolved == ()


def test_what_cannot_be_read_is_handed_on() -> None:
    (unread,) = inferred(subject("do", Opaque("dynamic SQL"), line=3)).unread
    assert (unread.changeset, unread.what, unread.location.line) == ("do", "dynamic SQL", 3)


# ------------------------------------------------------------------------------------------------------ size


def test_many_that_insert_and_change_one_table_have_few_edges() -> None:
    many = [subject(f"i{n}", inserts("customers", {"id": str(n)})) for n in range(1000)]
    many += [subject(f"u{n}", updates("customers", ["email"])) for n in range(10)]
    many += [subject(f"j{n}", inserts("customers", {"id": f"9{n}"})) for n in range(1000)]
    found = inferred(CUSTOMERS, *many)
    assert len(found.edges) < 3 * 2011
    assert len(found.conflicts) < 20


def test_ten_thousand_changesets_take_less_than_a_second() -> None:
    many = []
    for n in range(2500):
        many += [
            subject(f"v{n}", uses(f"t{n}", "c"), does(Act.CREATES, relation(f"v{n}"), "view")),
            subject(f"c{n}", column(Act.CREATES, f"t{n}.c")),
            subject(f"i{n}", inserts(f"t{n}", {"id": "1"})),
            subject(f"t{n}", table(f"t{n}", "id"), references(f"t{n}", ["p"], f"t{max(0, n - 1)}")),
        ]
    started = time.process_time()
    found = inferred(*many)
    assert time.process_time() - started < 3
    assert len(found.edges) < 6 * len(many)


def test_many_that_change_rows_of_their_own_stay_independent() -> None:
    many = [
        subject(f"c{n}", inserts("customers", {"id": str(n)}), updates("customers", ["email"], {"id": str(n)}))
        for n in range(3000)
    ]
    started = time.process_time()
    found = inferred(CUSTOMERS, *many)
    assert time.process_time() - started < 3
    assert (len(found.edges), found.conflicts) == (3000, ())
