#include "plugin/importing/leftovers.hpp"

#include "plugin/log.hpp"

namespace two_path::importing {
namespace {

using state::ImportState;

bool is_over(ImportState state) {
    return state == ImportState::done || state == ImportState::failed;
}

void look_for_signature(state::Store& store, const state::ImportOrder& order) {
    const auto twin = store.release(twin_of(order.release));
    if (twin && twin->awaits_signature) return;
    if (twin) return store.end_import(order.release, ImportState::done, nullptr);
    const auto why = fail(Errc::aborted, "its release was removed before the artifact was signed");
    end_in_failure(store, order.release, why);
    log(Level::notice, "the import of release " + order.release +
                           " has ended, as its twin was removed before it was signed; the payload is freed "
                           "after the grace time");
}

void free_payload(state::Store& store, const catalog::Payloads& payloads, const state::ImportOrder& order,
                  const std::string& id) {
    const auto size = payloads.size_of(id);
    const auto removed = payloads.remove_stored_before(id, order.changed + 1);
    if (!removed && removed.error().code != Errc::not_found) {
        log(Level::warning, "a payload of the import of release " + order.release +
                                " cannot be freed: " + removed.error().message());
        return;
    }
    store.forget_import_payload(order.release, id);
    if (!removed || !*removed) return;
    const auto why = order.reason ? std::string(info(*order.reason).reason) + ": " + order.detail
                                  : std::string("nothing needs it any more");
    log(Level::notice, "freed payload " + id + " of " + std::to_string(size.value_or(0)) +
                           " bytes, which the import of release " + order.release + " left (" + why + ")");
}

} // namespace

std::string twin_of(std::string_view release) {
    return std::string(release).append("+two-path");
}

void end_in_failure(state::Store& store, std::string_view release, const Error& why) {
    const auto order = store.import(release);
    const auto twin = store.release(twin_of(release));
    if (order && order->registered && twin && !twin->artifact) {
        // An attempt that was killed may have left it, and not said what it stored.
        std::vector<std::string> ids;
        for (const auto& file : twin->descriptor.files)
            if (!file.empty()) ids.push_back(file.id);
        store.add_import_payloads(release, ids);
        store.remove_release(twin->descriptor.release);
    }
    store.end_import(release, ImportState::failed, &why);
}

void free_leftovers(state::Store& store, const catalog::Payloads& payloads, std::chrono::seconds grace) {
    const auto now = store.clock().unix_time();
    for (auto& order : store.imports()) {
        if (order.state == ImportState::awaits_signature) {
            look_for_signature(store, order);
            continue;
        }
        if (!is_over(order.state)) continue;
        for (const auto& id : store.import_payloads(order.release)) {
            // Goes with the last release that has it.
            if (!store.releases_with(id).empty())
                store.forget_import_payload(order.release, id);
            else if (now - order.changed >= std::chrono::milliseconds(grace).count())
                free_payload(store, payloads, order, id);
        }
    }
}

} // namespace two_path::importing
