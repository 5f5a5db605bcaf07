"""The section `policies` of catalog files: from located text to rows, with every finding in its place."""

from typing import Any, cast

from catalog.located import Fields, Findings, Located, nearest
from catalog.model import ACTIONS
from catalog.policies.draft import PolicyDraft
from catalog.policies.model import (
    ABOVE,
    APPROVERS,
    BANDS,
    CLAIM_LASTS_MS,
    FACTORS,
    LANES,
    REACTIONS,
    URGENCY_RANKS,
    Above,
    ApprovalRule,
    Approvers,
    Conditions,
    EnrichmentRule,
    LaneRule,
    PriorityFactor,
    RankRow,
    Reaction,
    WorkRule,
)

RANK_MAX = 100
OTHERS = "*"
_CONDITIONS = (
    "offering",
    "specification",
    "action",
    "place",
    "customer",
    "category",
    "urgency",
    "when",
)
_WORK = ("group", "deadline", "overdue", "escalateTo", "claimWithin", "claimLasts")
_ENRICHMENT = (*_CONDITIONS, *_WORK, "name", "fills", "together", "description")
_APPROVAL = (*_CONDITIONS, *_WORK, "name", "approvers", "returnTo", "description")


def read_policies(draft: PolicyDraft, findings: Findings, at: Located) -> None:
    """Add one file's section to the draft."""
    fields = Fields(findings, at, "policies", ("enrichment", "approval", "compatibility", "priority"))
    for id_, entry in fields.entries("enrichment").items():
        if _new(draft, findings, "enrichment", id_, entry):
            draft.enrichment[id_] = _enrichment(draft, findings, id_, entry)
    for id_, entry in fields.entries("approval").items():
        if _new(draft, findings, "approval", id_, entry):
            draft.approval[id_] = _approval(draft, findings, id_, entry)
    if fields.has("compatibility"):
        at = fields.place("compatibility")
        if _new(draft, findings, "compatibility", "", at):
            work = Fields(findings, at, "compatibility", _WORK)
            draft.compatibility = _work(findings, "compatibility", work)
    if fields.has("priority"):
        _read_priority(draft, findings, fields.place("priority"))


def _new(draft: PolicyDraft, findings: Findings, table: str, id_: str, entry: Located) -> bool:
    earlier = draft.places.setdefault((table, id_), entry)
    if earlier is entry:
        return True
    message = f"{table} row {id_!r} is already stated in {earlier.file}:{earlier.line}"
    findings.report(entry, "duplicate-policy", message, "give one of the two another name")
    return False


def _enrichment(draft: PolicyDraft, findings: Findings, id_: str, at: Located) -> EnrichmentRule:
    what = f"enrichment {id_}"
    fields = Fields(findings, at, what, _ENRICHMENT)
    return EnrichmentRule(
        id=id_,
        name=fields.text("name", id_),
        conditions=_conditions(draft, findings, what, fields),
        work=_work(findings, what, fields),
        fills=tuple(word.text for word in fields.texts("fills")),
        together=fields.flag("together"),
        description=fields.text("description"),
    )


def _approval(draft: PolicyDraft, findings: Findings, id_: str, at: Located) -> ApprovalRule:
    what = f"approval {id_}"
    fields = Fields(findings, at, what, _APPROVAL)
    approvers = cast(Approvers, fields.choice("approvers", APPROVERS, "one", "unknown-approvers"))
    work = None
    if approvers != "auto":
        work = _work(findings, what, fields)
        if work.overdue == "ask":
            message = f"{what}: an approval is not the requester's to give"
            findings.report(
                fields.place("overdue"), "reaction-not-applicable", message, "use remind, escalate or reject"
            )
    elif stated := [name for name in _WORK if fields.has(name)]:
        message = f"{what}: approvers is auto, so {', '.join(stated)} has no meaning"
        findings.report(
            fields.place(stated[0]), "field-not-applicable", message, "remove it, or ask for approvers"
        )
    return ApprovalRule(
        id=id_,
        name=fields.text("name", id_),
        conditions=_conditions(draft, findings, what, fields),
        approvers=approvers,
        work=work,
        return_to=fields.text("returnTo"),
        description=fields.text("description"),
    )


def _conditions(draft: PolicyDraft, findings: Findings, what: str, fields: Fields) -> Conditions:
    actions = []
    for word in fields.texts("action"):
        if word.text in ACTIONS:
            actions.append(word.text)
        else:
            fix = f"use one of {', '.join(ACTIONS)}{nearest(word.text, ACTIONS)}"
            findings.report(word, "unknown-action", f"{what}: there is no action {word.text!r}", fix)
    urgencies = []
    for word in fields.texts("urgency"):
        if type(word.value) is int and 0 <= word.value < len(URGENCY_RANKS):
            urgencies.append(word.value)
        else:
            message = f"{what}: urgency {word.text!r} is no priority of TMF622"
            findings.report(word, "unknown-urgency", message, "use 0 (highest) to 4")
    conditions = Conditions(
        offering=_words(fields, "offering"),
        specification=_words(fields, "specification"),
        action=tuple(actions),
        place=_words(fields, "place"),
        customer=_words(fields, "customer"),
        category=_words(fields, "category"),
        urgency=tuple(urgencies),
        when=fields.text("when"),
    )
    place = fields.at
    for name in ("when", "specification", "offering"):
        if fields.has(name):
            place = fields.place(name)
            break
    draft.conditions.append((place, what, conditions))
    return conditions


def _words(fields: Fields, name: str) -> tuple[str, ...]:
    return tuple(word.text for word in fields.texts(name))


def _work(findings: Findings, what: str, fields: Fields) -> WorkRule:
    overdue = cast(Reaction, fields.choice("overdue", REACTIONS, "escalate", "unknown-reaction"))
    escalate_to = _words(fields, "escalateTo")
    deadline = fields.duration("deadline", 0, "PT4H")
    claim_within = fields.duration("claimWithin", 0, "PT4H")
    claim_lasts = fields.duration("claimLasts", CLAIM_LASTS_MS, "PT4H")
    if claim_within and not escalate_to:
        message = f"{what}: work that nobody claims has nowhere to go"
        fix = "add `escalateTo: [group]`, or remove claimWithin"
        findings.report(fields.place("claimWithin"), "escalation-without-group", message, fix)
    if fields.has("overdue") and not deadline:
        message = f"{what}: overdue says what happens after a deadline, and there is none"
        findings.report(fields.place("overdue"), "reaction-without-deadline", message, "add `deadline: PT4H`")
    return WorkRule(
        group=fields.required_text("group", "who-does-it"),
        deadline=deadline,
        overdue=overdue,
        escalate_to=escalate_to,
        claim_within=claim_within,
        claim_lasts=claim_lasts,
    )


def _read_priority(draft: PolicyDraft, findings: Findings, at: Located) -> None:
    if draft.priority is not None:
        earlier = draft.priority
        message = f"a second priority policy; the first is in {earlier.file}:{earlier.line}"
        findings.report(at, "duplicate-policy", message, "keep one in all files together")
        return
    draft.priority = at
    fields = Fields(findings, at, "priority", ("factors", "lanes"))
    for name, entry in fields.entries("factors").items():
        if name not in FACTORS:
            fix = f"use one of {', '.join(FACTORS)}{nearest(name, FACTORS)}"
            findings.report(entry, "unknown-factor", f"priority has no factor {name!r}", fix)
            continue
        draft.factors[name] = _factor(draft, findings, name, entry)
    if draft.factors and not any(factor.weight for factor in draft.factors.values()):
        message = "priority: every weight is 0, so nothing has a priority"
        findings.report(at, "weightless-priority", message, "give at least one factor a weight above 0")
    for name, entry in fields.entries("lanes").items():
        if name not in LANES:
            fix = f"use one of {', '.join(LANES)}{nearest(name, LANES)}"
            findings.report(entry, "unknown-lane", f"there is no lane {name!r}", fix)
            continue
        draft.lanes[name] = _lane(draft, findings, name, entry)


def _factor(draft: PolicyDraft, findings: Findings, name: str, at: Located) -> PriorityFactor:
    what = f"priority factor {name}"
    fields = Fields(findings, at, what, ("weight", "rank", "rows"))
    rows = []
    for number, entry in enumerate(fields.items("rows"), 1):
        row = f"{what}: row {number}"
        columns = Fields(findings, entry, row, (*_CONDITIONS, "rank", "weight"))
        rows.append(
            RankRow(
                conditions=_conditions(draft, findings, row, columns),
                rank=_rank(findings, row, columns, "rank"),
                weight=_rank(findings, row, columns, "weight") if columns.has("weight") else None,
            )
        )
    if not rows and name == "urgency":
        rows = [RankRow(Conditions(urgency=(tmf,)), rank) for tmf, rank in enumerate(URGENCY_RANKS)]
    return PriorityFactor(
        name=name,
        weight=_rank(findings, what, fields, "weight"),
        rank=_rank(findings, what, fields, "rank"),
        rows=tuple(rows),
    )


def _rank(findings: Findings, what: str, fields: Fields, name: str) -> int:
    number = fields.count(name) or 0
    if number > RANK_MAX:
        message = f"{what}: {name} {number} is above {RANK_MAX}"
        findings.report(fields.place(name), "rank-out-of-range", message, f"use 0 to {RANK_MAX}")
        return RANK_MAX
    return number


def _lane(draft: PolicyDraft, findings: Findings, name: str, at: Located) -> LaneRule:
    what = f"lane {name}"
    fields = Fields(findings, at, what, (*_CONDITIONS, "bands", "capPerHour", "above"))
    known = tuple(band for band, _ in BANDS)
    bands = []
    for word in fields.texts("bands"):
        if word.text in known:
            bands.append(word.text)
        else:
            fix = f"use one of {', '.join(known)}{nearest(word.text, known)}"
            findings.report(word, "unknown-band", f"{what}: there is no band {word.text!r}", fix)
    return LaneRule(
        name=name,
        bands=tuple(bands),
        conditions=_conditions(draft, findings, what, fields),
        cap_per_hour=fields.count("capPerHour") or 0,
        above=_above(findings, what, fields),
    )


def _above(findings: Findings, what: str, fields: Fields) -> dict[str, Above]:
    """What becomes of an order above the cap: one word for all, or a word by client."""
    if not fields.has("above"):
        return {}
    at = fields.place("above")
    entries: dict[str, Any] = at.value if isinstance(at.value, dict) else {OTHERS: at}
    found: dict[str, Above] = {}
    for client, entry in entries.items():
        if entry.text in ABOVE:
            found[client] = cast(Above, entry.text)
        else:
            message = f"{what}: above is {entry.text!r}"
            findings.report(entry, "unknown-reaction", message, f"use one of {', '.join(ABOVE)}")
    return found
