// Devices by what is known of them (Mender's management API, `inventory`, second version).
#include "plugin/host/embedded/device_search.hpp"
#include "plugin/host/embedded/device_values.hpp"
#include "plugin/host/embedded/endpoint.hpp"

#include <algorithm>

namespace two_path::host::embedded {
namespace {

constexpr std::size_t max_filters = 50;
constexpr std::size_t max_text = 256;
constexpr std::size_t max_orders = 2;

/// The objects of the body's list `name`; none where it is absent or null.
Result<json::array> objects_of(const json::object& body, std::string_view name, std::size_t most) {
    const auto* value = body.if_contains(name);
    if (value == nullptr || value->is_null()) return json::array();
    const auto* list = value->if_array();
    if (list == nullptr || list->size() > most ||
        !std::all_of(list->begin(), list->end(), [](const json::value& one) { return one.is_object(); }))
        return fail(Errc::bad_request, "the search: `" + std::string(name) + "` must be a list of at most " +
                                           std::to_string(most) + " objects");
    return *list;
}

Result<void> check_order(const json::object& criterion) {
    Fields fields(criterion, "the order");
    static_cast<void>(fields.text("scope"));
    static_cast<void>(fields.text("attribute"));
    const auto order = fields.text("order");
    if (order != "asc" && order != "desc") fields.refuse("`order` must be asc or desc");
    if (!fields.ok()) return fields.error();
    return {};
}

template<class Check>
Result<json::array> checked(const json::object& body, std::string_view name, std::size_t most, Check check) {
    auto list = objects_of(body, name, most);
    if (!list) return list;
    for (const auto& one : *list)
        if (const auto fine = check(one.get_object()); !fine) return fine.error();
    return list;
}

struct Asked {
    DeviceSearch search;
    Page page;
    json::array attributes; ///< `{scope, attribute}` of those to show; all when empty
};

Result<Asked> parse_search(const json::object& body) {
    Fields fields(body, "the search");
    Asked asked;
    const auto page = fields.number_or("page", 1);
    const auto per_page = fields.number_or("per_page", 20);
    if (page < 1 || page > max_page || per_page < 1 || per_page > max_per_page)
        fields.refuse("`page` must be at least 1, and `per_page` from 1 to " + std::to_string(max_per_page));
    asked.search.ids = fields.texts_or_none("device_ids");
    asked.search.text = fields.text_or("text", "");
    if (asked.search.text.size() > max_text) fields.refuse("`text` is too long");
    if (!fields.ok()) return fields.error();
    asked.page = {static_cast<std::int64_t>((page - 1) * per_page), static_cast<std::int64_t>(per_page)};
    auto filters = checked(body, "filters", max_filters, check_filter);
    if (!filters) return filters.error();
    auto order = checked(body, "sort", max_orders, check_order);
    if (!order) return order.error();
    auto attributes = objects_of(body, "attributes", max_filters);
    if (!attributes) return attributes.error();
    asked.search.filters = std::move(*filters);
    asked.search.order = std::move(*order);
    asked.attributes = std::move(*attributes);
    return asked;
}

void leave(json::array& attributes, const json::array& wanted) {
    const auto is_wanted = [&wanted](const json::value& one) {
        return std::any_of(wanted.begin(), wanted.end(), [&one](const json::value& select) {
            const auto* scope = select.get_object().if_contains("scope");
            const auto* name = select.get_object().if_contains("attribute");
            return scope != nullptr && name != nullptr && *scope == one.at("scope") &&
                   *name == one.at("name");
        });
    };
    json::array left;
    std::copy_if(attributes.begin(), attributes.end(), std::back_inserter(left), is_wanted);
    attributes = std::move(left);
}

Result<control::Response> search_inventories(Parts& parts, const Call& call) {
    const auto body = call.object();
    if (!body) return body.error();
    const auto asked = parse_search(*body);
    if (!asked) return asked.error();
    json::array found;
    for (const auto& device : search_devices(parts.database, asked->search, asked->page)) {
        auto shown = describe(parts.database, device);
        if (!asked->attributes.empty()) leave(shown.at("attributes").get_array(), asked->attributes);
        found.push_back(std::move(shown));
    }
    return list_answer(call, asked->page, std::move(found), count_found(parts.database, asked->search));
}

Result<control::Response> list_filterable(Parts& parts, const Call&) {
    json::array shown;
    for (const auto& one : filterable(parts.database))
        shown.push_back(json::object{{"scope", one.scope}, {"name", one.name}, {"count", one.devices}});
    return control::Response::of(200, std::move(shown));
}

} // namespace

void add_search_api(control::Router& router, Parts& parts) {
    const std::string filters = "/api/management/v2/inventory/filters";
    add_route(router, parts, Caller::user, "POST", filters + "/search", search_inventories);
    add_route(router, parts, Caller::user, "GET", filters + "/attributes", list_filterable);
}

} // namespace two_path::host::embedded
