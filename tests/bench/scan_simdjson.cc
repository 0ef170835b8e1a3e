// The peer: simdjson on-demand, as its documentation has it be used for speed: one parser
// kept, fields found in the order in which they come, strings unescaped into its buffer.
#include "tests/bench/scan.h"

#include <simdjson.h>
#include <vector>

using namespace simdjson;

namespace {

struct event {
    std::string_view stream, message, id;
    int64_t time_ms, ingested_ms;
};

ondemand::parser parser;
std::vector<event> events;

}

extern "C" size_t scan_simdjson(const char *bytes, size_t n, size_t room, uint64_t *out_sum)
{
    events.clear();
    ondemand::document document;
    ondemand::array array;
    if (parser.iterate(bytes, n, room).get(document) || document["events"].get_array().get(array))
        return 0;
    for (auto item : array) {
        ondemand::object o;
        event e;
        if (item.get_object().get(o) || o["logStreamName"].get_string().get(e.stream) ||
            o["timestamp"].get_int64().get(e.time_ms) || o["message"].get_string().get(e.message) ||
            o["ingestionTime"].get_int64().get(e.ingested_ms) || o["eventId"].get_string().get(e.id))
            return 0;
        events.push_back(e);
    }
    std::string_view token;
    if (document["nextToken"].get_string().get(token))
        return 0;
    *out_sum = token.size();
    for (const event &e : events)
        *out_sum += e.stream.size() + e.message.size() + e.id.size() + uint64_t(e.time_ms) + uint64_t(e.ingested_ms);
    return events.size();
}

extern "C" const char *scan_simdjson_name(void)
{
    static const std::string name = "simdjson " + std::to_string(SIMDJSON_VERSION_MAJOR) + "." +
        std::to_string(SIMDJSON_VERSION_MINOR) + "." + std::to_string(SIMDJSON_VERSION_REVISION) + " on-demand, " +
        get_active_implementation()->name();
    return name.c_str();
}
