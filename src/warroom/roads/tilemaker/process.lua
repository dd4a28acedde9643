-- What tilemaker takes from an extract: areas under the roads. Roads, names and places are layers
-- of our own. `kind` is all that the map's style asks for, so nothing else is kept.

node_keys = {}

local function set(words)
	local found = {}
	for word in words:gmatch("%S+") do found[word] = true end
	return found
end

local GREEN = {
	landuse = set("allotments cemetery farmland farmyard forest grass greenery meadow orchard plant_nursery recreation_ground village_green vineyard"),
	leisure = set("common garden golf_course nature_reserve park pitch playground"),
	natural = set("grassland heath mangrove scrub wetland wood"),
}
local SAND = { natural = set("beach sand shoal") }
local BUILT = {
	landuse = set("commercial construction depot industrial military port quarry railway residential retail"),
	amenity = set("college hospital marketplace parking school university"),
	aeroway = set("aerodrome apron"),
}
local WATER = {
	landuse = set("aquaculture basin reservoir salt_pond"),
	leisure = set("swimming_pool"),
	natural = set("bay water"),
	waterway = set("boatyard dock riverbank"),
}

local function is(kinds)
	for key, values in pairs(kinds) do
		if values[Find(key)] then return true end
	end
	return false
end

-- Simplified away at a zoom where it would be smaller than a few pixels.
local function from_zoom_by_area()
	local area_m2 = Area()
	if area_m2 < 2000 then MinZoom(14)
	elseif area_m2 < 20000 then MinZoom(13)
	elseif area_m2 < 80000 then MinZoom(12)
	elseif area_m2 < 320000 then MinZoom(11)
	end
end

local function add(layer, kind)
	Layer(layer, true)
	Attribute("kind", kind)
	from_zoom_by_area()
end

function node_function() end

function way_function()
	if not IsClosed() then return end
	local building = Find("building")
	if building ~= "" and building ~= "no" then
		Layer("building", true)
	elseif is(WATER) then add("water", "water")
	elseif is(GREEN) then add("land_use", "green")
	elseif is(SAND) then add("land_use", "sand")
	elseif is(BUILT) then add("land_use", "built")
	end
end
