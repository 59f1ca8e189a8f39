-- Script of wrk: sends the request in the file args[1], {n} counting up from args[2] and {k} being {n} modulo
-- args[3], and prints what it measured as one line of JSON.

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local template = file:read("*a")
  file:close()
  local n, keys = tonumber(args[2]), tonumber(args[3])
  -- Cut into texts and the numbers between them, so that a request is one concatenation.
  local parts, slots = {}, {}
  local from = 1
  for at, name, behind in template:gmatch("(){([nk])}()") do
    parts[#parts + 1] = template:sub(from, at - 1)
    parts[#parts + 1] = ""
    slots[#slots + 1] = { index = #parts, name = name }
    from = behind
  end
  parts[#parts + 1] = template:sub(from)

  function request()
    for _, slot in ipairs(slots) do
      parts[slot.index] = string.format("%09d", slot.name == "n" and n or n % keys)
    end
    n = n + 1
    return table.concat(parts)
  end
  if #slots == 0 then
    function request()
      return template
    end
  end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('\n{"requests":%d,"seconds":%f,"p99Ms":%f,"errors":%d}\n', summary.requests,
    summary.duration / 1e6, latency:percentile(99) / 1000, e.connect + e.read + e.write + e.status + e.timeout))
end
