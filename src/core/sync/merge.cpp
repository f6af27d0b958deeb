// Merge of one field: see the header.
// scope: none.
#include "core/sync/merge.hpp"

namespace notion::sync {
namespace {

FieldAction both_changed(const FieldCase& field) {
    if (field.rule == Rule::function)
        return FieldAction::ask;
    if (field.rule == Rule::manual)
        return FieldAction::hold;
    if (field.is_set)
        return FieldAction::unite;
    if (field.rule == Rule::postgres)
        return FieldAction::keep;
    if (field.rule == Rule::newest && field.newer == Newer::postgres)
        return FieldAction::keep;
    return FieldAction::take_over; // `notion`, and `newest` where Notion's is later or none can
                                   // tell
}

FieldAction news(const FieldCase& field) {
    if (field.equal)
        return field.dirty || field.held ? FieldAction::agree : FieldAction::note;
    if (field.held)
        return FieldAction::hold;
    switch (field.direction) {
    case Direction::to_notion:
        return field.dirty ? FieldAction::keep : FieldAction::put_back;
    case Direction::from_notion:
        return field.dirty ? FieldAction::take_over : FieldAction::take;
    case Direction::both:
        break;
    }
    return field.dirty ? both_changed(field) : FieldAction::take;
}

/// Sent again, it would undo what somebody did there, or undone here, what somebody did here: only
/// the rule that has the row win decides that; otherwise a person.
FieldAction doubted(const FieldCase& field) {
    const bool row_wins = field.direction == Direction::to_notion || field.rule == Rule::postgres;
    return row_wins ? FieldAction::keep : FieldAction::hold;
}

} // namespace

FieldAction merge_field(const FieldCase& field) {
    if (field.page == Seen::absent)
        return FieldAction::nothing;
    if (field.page == Seen::news)
        return news(field);
    if (field.doubt && field.dirty && !field.equal && field.direction != Direction::from_notion)
        return doubted(field);
    const bool may_send = field.direction != Direction::from_notion && !field.held;
    return field.dirty && may_send ? FieldAction::send : FieldAction::nothing;
}

BaseAfter base_after(FieldAction action) {
    switch (action) {
    case FieldAction::nothing:
    case FieldAction::send:
    case FieldAction::hold:
    case FieldAction::ask:
        return BaseAfter::old;
    case FieldAction::note:
    case FieldAction::agree:
        return BaseAfter::p_and_n;
    case FieldAction::take:
    case FieldAction::put_back:
    case FieldAction::take_over:
    case FieldAction::keep:
    case FieldAction::unite:
        break;
    }
    return BaseAfter::decoded_and_n;
}

bool is_conflict(FieldAction action) {
    return action == FieldAction::take_over || action == FieldAction::keep ||
           action == FieldAction::hold;
}

bool leaves_dirty(FieldAction action) {
    return action == FieldAction::send || action == FieldAction::put_back ||
           action == FieldAction::keep || action == FieldAction::unite;
}

} // namespace notion::sync
