// The control plane: its table of paths, and the small ones; see control.hpp and README.md.
// scope: emulator.
#include "control.hpp"

#include "control_edits.hpp"
#include "generate.hpp"
#include "render.hpp"
#include "router.hpp"
#include "seed.hpp"

#include <algorithm>

namespace emulator {

namespace {

Served json_served(std::string body) {
    Served served;
    served.reply.body = std::move(body);
    served.reply.add_request_id = false;
    return served;
}

template <typename Write>
Served written(Write&& write) {
    std::string body;
    Out out(body);
    write(out);
    return json_served(std::move(body));
}

Served ok() {
    return json_served(R"({"ok":true})");
}

Served get_stats(World& world, const Call&) {
    return written([&](Out& out) { world.stats.write(out); });
}

Served delete_stats(World& world, const Call&) {
    world.stats = {};
    return ok();
}

Served get_journal(World& world, const Call& call) {
    const std::string* since = call.parameter("since");
    Served served = json_served(world.journal.since(since ? std::stoull(*since) : 0));
    served.reply.content_type = "application/x-ndjson";
    return served;
}

Served post_journal(World& world, const Call& call) {
    world.journal.enabled = flag_member(call.body, "enabled", world.journal.enabled);
    world.journal.most_entries = static_cast<size_t>(
        integer_member(call.body, "entries", static_cast<int64_t>(world.journal.most_entries)));
    world.journal.most_bytes = static_cast<size_t>(
        integer_member(call.body, "bytes", static_cast<int64_t>(world.journal.most_bytes)));
    world.journal.trim();
    return written([&](Out& out) {
        out.open().key("enabled").boolean(world.journal.enabled);
        out.key("last").integer(static_cast<int64_t>(world.journal.last()));
        out.key("bytes").integer(static_cast<int64_t>(world.journal.bytes())).close();
    });
}

Served delete_journal(World& world, const Call&) {
    world.journal.clear();
    return ok();
}

Served get_faults(World& world, const Call&) {
    return written([&](Out& out) { world.faults.write(out); });
}

// One rule, an array of rules, or {"rules": [...]}.
Served post_faults(World& world, const Call& call) {
    const Json* list = call.body.IsArray() ? &call.body : member(call.body, "rules");
    std::vector<const Json*> rules;
    if (list)
        for (const auto& rule : list->GetArray())
            rules.push_back(&rule);
    else
        rules.push_back(&call.body);
    std::vector<uint64_t> ids;
    for (const Json* rule : rules) {
        uint64_t id = 0;
        if (const auto wrong = world.faults.add(*rule, id))
            refuse(*wrong);
        ids.push_back(id);
    }
    world.store.set_lag(world.faults.index_lag_ms());
    return written([&](Out& out) {
        out.open().key("ids").open_array();
        for (const uint64_t id : ids)
            out.integer(static_cast<int64_t>(id));
        out.close_array().close();
    });
}

Served delete_faults(World& world, const Call&) {
    world.faults.clear();
    world.store.set_lag(0);
    return ok();
}

Served delete_fault(World& world, const Call& call) {
    if (!world.faults.remove(std::stoull(call.arguments[0])))
        refuse("no such rule");
    world.store.set_lag(world.faults.index_lag_ms());
    return ok();
}

Served release_faults(World& world, const Call&) {
    world.faults.release();
    return ok();
}

Served get_clock(World& world, const Call&) {
    return written([&](Out& out) {
        out.open().key("now").text(instant_text(world.clock.now()));
        out.key("frozen").boolean(world.clock.frozen());
        out.key("elapsed_ms").integer(world.clock.elapsed()).close();
    });
}

Served post_clock(World& world, const Call& call) {
    if (flag_member(call.body, "real", false))
        world.clock.real();
    if (const auto now = text_member(call.body, "now")) {
        const auto moment = read_moment(*now);
        if (!moment)
            refuse("now: an ISO 8601 time is expected");
        if (flag_member(call.body, "run", false))
            world.clock.run_from(moment->at);
        else
            world.clock.freeze(moment->at);
    }
    world.clock.advance(integer_member(call.body, "advance_ms", 0));
    return get_clock(world, call);
}

Served get_semantics(World& world, const Call&) {
    return written([&](Out& out) { world.semantics.write(out); });
}

Served post_semantics(World& world, const Call& call) {
    if (const std::string unknown = world.semantics.set(call.body); !unknown.empty())
        refuse("semantics: " + unknown + " is unknown or of another type");
    drop_rendered(world);
    world.store.touch(); // what was found before may stand in another order now
    return get_semantics(world, call);
}

Served post_limits(World& world, const Call& call) {
    Limits& limits = world.limits;
    for (const auto& [name, field] :
         {std::pair{"budget", &limits.budget}, std::pair{"window_ms", &limits.window_ms},
          std::pair{"query_results", &limits.query_results},
          std::pair{"latency_ms", &limits.latency_ms}, std::pair{"body_bytes", &limits.body_bytes},
          std::pair{"rows_per_source", &limits.rows_per_source},
          std::pair{"markdown_blocks", &limits.markdown_blocks}})
        *field = integer_member(call.body, name, *field);
    if (flag_member(call.body, "reset", false))
        limits.windows.clear();
    world.store.touch(); // the cap of a query may have moved
    return written([&](Out& out) {
        out.open().key("budget").integer(limits.budget).key("window_ms").integer(limits.window_ms);
        out.key("query_results").integer(limits.query_results);
        out.key("latency_ms").integer(limits.latency_ms).close();
    });
}

/// An integration that people may connect.
Served post_oauth(World& world, const Call& call) {
    OAuthClient client;
    client.id = text_member(call.body, "client_id").value_or("");
    client.secret = text_member(call.body, "client_secret").value_or("");
    client.name = text_member(call.body, "name").value_or(client.id);
    if (const Json* uris = member(call.body, "redirect_uris"))
        for (const auto& uri : uris->GetArray())
            client.redirect_uris.emplace_back(view(uri));
    world.oauth.clients[client.id] = client;
    return ok();
}

Served get_oauth(World& world, const Call&) {
    return written([&](Out& out) {
        out.open_array();
        for (const OAuthGrant& grant : world.oauth.grants) {
            out.open().key("client").text(grant.client).key("access").text(grant.access);
            out.key("refresh").text(grant.refresh).key("revoked").boolean(grant.revoked);
            out.key("expired").boolean(grant.expired).close();
        }
        out.close_array();
    });
}

/// expire: access tokens end, refresh tokens do not. disconnect: a person takes it all back.
Served act_on_oauth(World& world, const Call& call) {
    const std::string& action = call.arguments[0];
    if (action != "expire" && action != "disconnect")
        refuse("expire or disconnect");
    for (OAuthGrant& grant : world.oauth.grants)
        (action == "expire" ? grant.expired : grant.revoked) = true;
    return ok();
}

Served post_load(World& world, const Call& call) {
    load_workspace(world, call.body);
    return written([&](Out& out) {
        out.open().key("databases").integer(static_cast<int64_t>(world.store.databases.size()));
        out.key("data_sources").integer(static_cast<int64_t>(world.store.data_sources.size()));
        out.key("pages").integer(static_cast<int64_t>(world.store.pages.size())).close();
    });
}

Served get_dump(World& world, const Call&) {
    return json_served(dump_workspace(world));
}

Served post_generate(World& world, const Call& call) {
    DataSource& source =
        named_source(world, text_member(call.body, "data_source").value_or("(not named)"));
    Generation wish;
    wish.count = integer_member(call.body, "count", wish.count);
    wish.seed = static_cast<uint64_t>(integer_member(call.body, "seed", 1));
    wish.same_minute = integer_member(call.body, "same_minute", 0);
    wish.spread_minutes = integer_member(call.body, "spread_minutes", 0);
    generate_pages(world, source, wish);
    return written([&](Out& out) {
        out.open().key("data_source").text(dashed(source.id));
        out.key("pages").integer(static_cast<int64_t>(source.pages.size())).close();
    });
}

Served get_webhooks(World& world, const Call&) {
    return written([&](Out& out) { world.webhooks.write(out); });
}

Served get_undelivered(World& world, const Call&) {
    return written([&](Out& out) { world.webhooks.write_undelivered(out); });
}

Served post_webhooks(World& world, const Call& call) {
    const auto url = text_member(call.body, "url");
    if (!url)
        refuse("url: missing");
    Subscription wish;
    wish.url = *url;
    wish.token = text_member(call.body, "verification_token").value_or("");
    wish.verified = flag_member(call.body, "verified", false);
    wish.window_ms = integer_member(call.body, "window_ms", wish.window_ms);
    wish.delay_ms = integer_member(call.body, "delay_ms", wish.delay_ms);
    wish.retry_base_ms = integer_member(call.body, "retry_base_ms", wish.retry_base_ms);
    wish.attempts = integer_member(call.body, "attempts", wish.attempts);
    wish.reorder = flag_member(call.body, "reorder", false);
    for (const auto& [name, field] :
         {std::pair{"lose", &wish.lose}, std::pair{"duplicate", &wish.duplicate}})
        if (const Json* chance = member(call.body, name); chance && chance->IsNumber())
            *field = chance->GetDouble();
    if (const Json* events = member(call.body, "events"); events && events->IsArray())
        for (const auto& event : events->GetArray())
            wish.events.emplace(view(event));
    const Subscription& kept = world.webhooks.subscribe(std::move(wish));
    return written([&](Out& out) {
        out.open().key("id").text(dashed(kept.id)).key("url").text(kept.url);
        out.key("verification_token").text(kept.token).close();
    });
}

Served delete_webhooks(World& world, const Call&) {
    world.webhooks.unsubscribe_all();
    return ok();
}

Served drain_webhooks(World& world, const Call& call) {
    world.webhooks.hurry();
    Served served = get_webhooks(world, call);
    served.drain = true;
    return served;
}

using ControlHandler = Served (*)(World&, const Call&);

struct ControlRoute {
    std::string_view method;
    std::string_view pattern;
    ControlHandler handler;
};

constexpr ControlRoute control_routes[] = {
    {"GET", "/_emulator/stats", get_stats},
    {"DELETE", "/_emulator/stats", delete_stats},
    {"GET", "/_emulator/journal", get_journal},
    {"POST", "/_emulator/journal", post_journal},
    {"DELETE", "/_emulator/journal", delete_journal},
    {"GET", "/_emulator/faults", get_faults},
    {"POST", "/_emulator/faults", post_faults},
    {"DELETE", "/_emulator/faults", delete_faults},
    {"POST", "/_emulator/faults/release", release_faults},
    {"DELETE", "/_emulator/faults/:id", delete_fault},
    {"GET", "/_emulator/clock", get_clock},
    {"POST", "/_emulator/clock", post_clock},
    {"GET", "/_emulator/semantics", get_semantics},
    {"POST", "/_emulator/semantics", post_semantics},
    {"POST", "/_emulator/limits", post_limits},
    {"GET", "/_emulator/oauth", get_oauth},
    {"POST", "/_emulator/oauth", post_oauth},
    {"POST", "/_emulator/oauth/:action", act_on_oauth},
    {"POST", "/_emulator/load", post_load},
    {"GET", "/_emulator/dump", get_dump},
    {"POST", "/_emulator/generate", post_generate},
    {"GET", "/_emulator/webhooks", get_webhooks},
    {"GET", "/_emulator/webhooks/undelivered", get_undelivered},
    {"POST", "/_emulator/webhooks", post_webhooks},
    {"DELETE", "/_emulator/webhooks", delete_webhooks},
    {"POST", "/_emulator/webhooks/drain", drain_webhooks},
    {"POST", "/_emulator/cursors/expire", expire_cursors},
    {"POST", "/_emulator/pages/:id/:action", act_on_page},
    {"POST", "/_emulator/databases/:id/:action", act_on_database},
    {"POST", "/_emulator/data_sources/:id/options", edit_option},
};

} // namespace

Served serve_control(World& world, const Request& request) {
    Call call;
    try {
        call.query = read_query(request.query);
        if (request.body.empty())
            call.body.SetObject();
        else if (!parse(request.body, call.body))
            refuse("the body is not JSON");
        for (const auto& route : control_routes)
            if (route.method == request.method &&
                fits_path(route.pattern, request.path, call.arguments))
                return route.handler(world, call);
        refuse("no such control: " + request.method + " " + request.path);
    } catch (const Refusal& refusal) {
        Served served = json_served(error_body(refusal, "control"));
        served.reply.status = refusal.status;
        return served;
    } catch (const std::exception& error) {
        Served served = json_served(error_body({.message = error.what()}, "control"));
        served.reply.status = 400;
        return served;
    }
}

} // namespace emulator
