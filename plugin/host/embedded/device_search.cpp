#include "plugin/host/embedded/device_search.hpp"

#include "plugin/host/embedded/device_values.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>

namespace two_path::host::embedded {
namespace {

/// Mender's, without `$regex`: an expression of anybody's could keep the host busy for ever.
constexpr std::array<std::string_view, 10> operators{"$eq",  "$ne", "$in",  "$nin",  "$gt",
                                                     "$gte", "$lt", "$lte", "$ltne", "$exists"};

/// Whether the device `d` has a value that the filter `f` is about and for which `condition` holds. A list
/// has what one of it has.
std::string has(const std::string& condition) {
    return "EXISTS (SELECT 1 FROM json_each(" +
           value_of_device("f.value->>'scope'", "f.value->>'attribute'") + ") j WHERE " + condition + ")";
}

/// A number is neither smaller nor larger than a text.
std::string compares(const std::string& how) {
    return has("(typeof(j.value) = 'text') = (typeof(f.value->>'value') = 'text') AND j.value " + how +
               " f.value->>'value'");
}

/// What DeviceSearch asks for; bind_search() binds it. One statement for any number of filters, so that it
/// stays compiled. Operators as MongoDB's, on which Mender's inventory is built: `$ne`, `$nin` and `$ltne`
/// also hold for what is not there.
std::string matching_search() {
    const auto among = has("j.value IN (SELECT w.value FROM json_each(f.value->'value') w)");
    return " FROM devices d WHERE (?1 = '[]' OR d.id IN (SELECT value FROM json_each(?1)))"
           " AND (?2 = '' OR instr(lower(d.identity_data), lower(?2)) > 0"
           " OR EXISTS (SELECT 1 FROM attributes WHERE device = d.id AND instr(lower(value), lower(?2)) > 0)"
           " OR EXISTS (SELECT 1 FROM tags WHERE device = d.id AND instr(lower(value), lower(?2)) > 0))"
           " AND NOT EXISTS (SELECT 1 FROM json_each(?3) f WHERE NOT (CASE f.value->>'type'"
           " WHEN '$exists' THEN " +
           has("1") + " = (f.value->>'value') WHEN '$eq' THEN " + among + " WHEN '$in' THEN " + among +
           " WHEN '$ne' THEN NOT " + among + " WHEN '$nin' THEN NOT " + among + " WHEN '$gt' THEN " +
           compares(">") + " WHEN '$gte' THEN " + compares(">=") + " WHEN '$lt' THEN " + compares("<") +
           " WHEN '$lte' THEN " + compares("<=") + " WHEN '$ltne' THEN NOT " + compares(">=") + " END))";
}

/// Rows by the criterion of index `n` of ?4.
std::string by(const std::string& n) {
    const auto value = "(SELECT j.value FROM json_each(" +
                       value_of_device("?4->>'$[" + n + "].scope'", "?4->>'$[" + n + "].attribute'") +
                       ") j LIMIT 1)";
    const auto direction = "?4->>'$[" + n + "].order'";
    return "CASE WHEN " + direction + " = 'asc' THEN " + value + " END, CASE WHEN " + direction +
           " = 'desc' THEN " + value + " END DESC, ";
}

void bind_search(state::Query& query, const DeviceSearch& search) {
    const json::array ids(search.ids.begin(), search.ids.end());
    query.with(json::serialize(ids), search.text, json::serialize(search.filters));
}

Error wrong_filter(const std::string& what) {
    return fail(Errc::bad_request, "the filter: " + what);
}

bool is_list(const json::value& value) {
    const auto* list = value.if_array();
    return list != nullptr && std::all_of(list->begin(), list->end(), is_plain);
}

} // namespace

Result<void> check_filter(const json::object& filter) {
    Fields fields(filter, "the filter");
    static_cast<void>(fields.text("scope"));
    static_cast<void>(fields.text("attribute"));
    const auto type = fields.text("type");
    if (!fields.ok()) return fields.error();
    if (std::find(operators.begin(), operators.end(), type) == operators.end())
        return wrong_filter(
            "`type` must be one of $eq, $ne, $in, $nin, $gt, $gte, $lt, $lte, $ltne, $exists");
    const auto* value = filter.if_contains("value");
    if (value == nullptr) return wrong_filter("`value` is missing");
    const bool among = type == "$in" || type == "$nin";
    if (among && !is_list(*value)) return wrong_filter("`value` of " + type + " must be a list");
    if (!among && !is_plain(*value))
        return wrong_filter("`value` of " + type + " must be a text or a number");
    if (type == "$exists" && !value->is_bool())
        return wrong_filter("`value` of $exists must be true or false");
    return {};
}

std::vector<Device> search_devices(state::Database& database, const DeviceSearch& search, Page page) {
    static const auto statement =
        "SELECT d.id" + matching_search() + " ORDER BY " + by("0") + by("1") + "d.rowid LIMIT ?5 OFFSET ?6";
    std::vector<std::string> ids;
    {
        auto rows = database.query(statement);
        bind_search(rows, search);
        rows.with(json::serialize(search.order), page.limit, page.offset);
        while (rows.next())
            ids.push_back(rows.text(0));
    }
    std::vector<Device> devices;
    for (const auto& id : ids)
        if (auto device = find_device(database, id)) devices.push_back(std::move(*device));
    return devices;
}

std::int64_t count_found(state::Database& database, const DeviceSearch& search) {
    static const auto statement = "SELECT count(*)" + matching_search();
    auto counted = database.query(statement);
    bind_search(counted, search);
    return counted.next() ? counted.number(0) : 0;
}

std::vector<Filterable> filterable(state::Database& database) {
    static const auto statement =
        with_device_values("SELECT scope, name, count(*) FROM device_values GROUP BY scope, name "
                           "ORDER BY count(*) DESC, scope, name LIMIT 500");
    auto rows = database.query(statement);
    std::vector<Filterable> all;
    while (rows.next())
        all.push_back({rows.text(0), rows.text(1), rows.number(2)});
    return all;
}

} // namespace two_path::host::embedded
