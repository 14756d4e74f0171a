// Draws what the page was given. Every text is set as textContent, so no name can become
// markup; nothing here computes a figure or asks for anything over a network.
var DeqingMap = (function () {
  "use strict";

  function element(tag, className, text) {
    var node = document.createElement(tag);
    if (className) { node.className = className; }
    if (text !== undefined && text !== null) { node.textContent = text; }
    return node;
  }

  // Coordinates come as whole numbers, the first absolute and the others as steps.
  function path(flat, unit) {
    var out = [], x = 0, y = 0;
    for (var i = 0; i < flat.length; i += 2) {
      x += flat[i];
      y += flat[i + 1];
      out.push([y / unit, x / unit]);
    }
    return out;
  }

  // A canvas that can also fill with lines or dots, which read without colour.
  var Patterned = L.Canvas.extend({
    _fillStroke: function (context, shape) {
      L.Canvas.prototype._fillStroke.call(this, context, shape);
      var kind = shape.options.pattern;
      if (!kind || !shape.options.fill) { return; }
      context.globalAlpha = 0.75;
      context.fillStyle = context.createPattern(tile(kind), "repeat");
      context.fill("evenodd");
      context.globalAlpha = 1;
    }
  });

  var tiles = {};
  function tile(kind) {
    if (tiles[kind]) { return tiles[kind]; }
    var node = document.createElement("canvas"), pen = node.getContext("2d");
    node.width = node.height = 8;
    pen.strokeStyle = pen.fillStyle = "#6b6b6b";
    if (kind === "hatch") {
      pen.lineWidth = 1.4;
      [-8, 0, 8].forEach(function (x) { pen.moveTo(x, 8); pen.lineTo(x + 8, 0); });
      pen.stroke();
    } else {
      pen.arc(4, 4, 1.1, 0, 2 * Math.PI);
      pen.fill();
    }
    tiles[kind] = node;
    return node;
  }

  function renderer(map) {
    if (!map.dgRenderer) { map.dgRenderer = new Patterned({ tolerance: 4, padding: 0.3 }); }
    return map.dgRenderer;
  }

  function lines(texts) {
    var node = element("div");
    texts.forEach(function (text, at) { node.appendChild(element(at ? "div" : "b", "", text)); });
    return node;
  }

  function story(page, key) {
    var told = page.stories[key], node = element("div", "dg-story");
    if (!told) { return null; }
    node.appendChild(element("h3", "", told.name));
    told.parts.forEach(function (part) {
      if (part.title) { node.appendChild(element("h4", "", part.title)); }
      if (part.text) { node.appendChild(element("p", "", part.text)); }
      var table = element("table");
      part.rows.forEach(function (row) {
        var line = table.insertRow();
        line.insertCell().textContent = row[0];
        line.insertCell().textContent = row[1];
      });
      node.appendChild(table);
    });
    return node;
  }

  // A long story scrolls in its own window and stays clear of the footer.
  function popupSize(map) {
    return {
      maxWidth: 420,
      maxHeight: Math.max(160, Math.round(map.getSize().y * 0.55)),
      autoPanPaddingBottomRight: [12, Math.round(map.getSize().y * 0.16)]
    };
  }

  function layer(map, data) {
    var group = L.featureGroup();
    // Tooltip and story of one shape or mark; the first drawn is where a search leads.
    function tell(drawn, at, mark) {
      var tip = data.tips && data.tips[at];
      if (tip) {
        drawn.bindTooltip(function () { return lines(tip); }, { sticky: true, direction: "top" });
      }
      var key = data.keys && data.keys[at];
      if (key !== undefined && key !== null) {
        if (!map.dgShapes) { map.dgShapes = new Map(); }
        if (!map.dgShapes.has(key)) { map.dgShapes.set(key, [drawn, group]); }
        if (mark) { map.dgShapes.get(key)[2] = drawn; }
        drawn.dgKey = key;
        drawn.bindPopup(function () { return story(map.dgPage, key) || lines(tip || [key]); },
          popupSize(map));
      }
      group.addLayer(drawn);
    }
    data.shapes.forEach(function (shape, at) {
      if (shape === null) { return; }
      var options = L.extend({ renderer: renderer(map) }, data.styles[data.use[at]]);
      // A layer of mixed shapes says of each whether it is an area.
      var area = Array.isArray(data.area) ? data.area[at] : data.area;
      tell(data.points
        ? L.circleMarker([shape[1] / data.unit, shape[0] / data.unit], options)
        : area
        ? L.polygon(shape.map(function (polygon) {
            return polygon.map(function (ring) { return path(ring, data.unit); });
          }), options)
        : L.polyline(shape.map(function (part) { return path(part, data.unit); }), options), at);
    });
    // What belongs to one shape shows while its story is open, and not before.
    if (data.also) {
      var also = data.also.shapes.map(function (shape) {
        return L.polygon(shape.map(function (polygon) {
          return polygon.map(function (ring) { return path(ring, data.unit); });
        }), L.extend({ renderer: renderer(map), interactive: false }, data.also.style));
      });
      group.on("popupopen popupclose", function (event) {
        var at = data.keys.indexOf(event.propagatedFrom && event.propagatedFrom.dgKey);
        if (at < 0) { return; }
        (data.also.of[at] || []).forEach(function (one) {
          if (event.type === "popupopen") { also[one].addTo(map); } else { also[one].remove(); }
        });
      });
    }
    // A circle of one size at every scale, where a shape may be too small to be seen.
    (data.marks || []).forEach(function (place, at) {
      if (place === null) { return; }
      var look = data.markStyles[data.use[at]];
      var mark = L.circleMarker([place[1] / data.unit, place[0] / data.unit],
        L.extend({ renderer: renderer(map) }, look));
      tell(mark, at, true);
      var known = map.dgShapes && map.dgShapes.get(data.keys[at]);
      (map.dgMarks = map.dgMarks || []).push([mark, known && known[0] !== mark ? known[0] : null]);
    });
    if (data.labels) {
      data.labels.forEach(function (label) {
        var text = element("span", "", label[2]);
        var size = data.numbers ? "dg-label dg-number" : data.small ? "dg-label dg-small" : "dg-label";
        L.tooltip({ permanent: true, direction: "center", className: size, interactive: false })
          .setLatLng([label[1] / data.unit, label[0] / data.unit]).setContent(text).addTo(group);
      });
    }
    return group;
  }

  // Marks lie on top of all shapes; one whose shape is large enough to be seen becomes a ring.
  function tidyMarks(map) {
    (map.dgMarks || []).forEach(function (pair) {
      var mark = pair[0], shape = pair[1], across = 0;
      if (!map.hasLayer(mark)) { return; }
      mark.bringToFront();
      if (!shape) { return; }
      var bounds = shape.getBounds();
      var size = map.latLngToLayerPoint(bounds.getSouthEast())
        .subtract(map.latLngToLayerPoint(bounds.getNorthWest()));
      across = Math.max(size.x, size.y) / (2 * mark.options.radius);
      mark.dgUsual = mark.dgUsual || L.extend({}, mark.options);
      if (mark.dgRing === across > 6) { return; }
      mark.dgRing = across > 6;
      mark.setStyle(mark.dgRing
        ? { fillOpacity: 0.05, color: mark.dgUsual.ring, weight: 2 }
        : { fillOpacity: mark.dgUsual.fillOpacity, color: mark.dgUsual.color, weight: mark.dgUsual.weight });
    });
  }

  // Goes to what has this key and opens its story; what has no place tells it where one is.
  function visit(map, key) {
    var found = map.dgShapes && map.dgShapes.get(key);
    if (!found) {
      var told = story(map.dgPage, key);
      if (told) {
        L.popup(L.extend({ className: "dg-nowhere" }, popupSize(map)))
          .setLatLng(map.getCenter()).setContent(told).openOn(map);
      }
      return;
    }
    var drawn = found[0];
    if (!map.hasLayer(found[1])) { map.addLayer(found[1]); }
    var bounds = drawn.getBounds ? drawn.getBounds() : L.latLngBounds([drawn.getLatLng()]);
    map.fitBounds(bounds.pad(1.5), { animate: false, maxZoom: 18 });
    (found[2] || drawn).openPopup();
  }

  // The first label placed keeps its place; the others hide where they would cover it. A label
  // that would cover a mark stands below it.
  function tidyLabels(map) {
    var placed = [];
    var all = Array.from(map.getContainer().querySelectorAll(".dg-label"));
    var corner = map.getContainer().getBoundingClientRect();
    var marks = (map.dgMarks || []).map(function (pair) { return pair[0]; })
      .filter(function (mark) { return map.hasLayer(mark); })
      .map(function (mark) {
        var at = map.latLngToContainerPoint(mark.getLatLng()), r = mark.options.radius;
        var x = corner.left + at.x, y = corner.top + at.y;
        return { left: x - r, right: x + r, top: y - r, bottom: y + r };
      });
    function covers(box, others) {
      return others.find(function (other) {
        return box.left < other.right && box.right > other.left &&
          box.top < other.bottom && box.bottom > other.top;
      });
    }
    // Numbers belong in their circles; what is small gives way first.
    function rank(node) {
      return node.classList.contains("dg-number") ? -1 : Number(node.classList.contains("dg-small"));
    }
    all.sort(function (a, b) { return rank(a) - rank(b); });
    // Everything is measured before anything is moved: a browser lays out anew in between.
    all.forEach(function (node) { node.style.marginTop = ""; });
    var boxes = all.map(function (node) { return node.getBoundingClientRect(); });
    all.forEach(function (node, at) {
      var box = boxes[at];
      if (box.right < corner.left || box.left > corner.right ||
          box.bottom < corner.top || box.top > corner.bottom) { return; }
      var mark = rank(node) >= 0 && covers(box, marks), down = mark ? Math.ceil(mark.bottom - box.top) : 0;
      if (down) {
        node.style.marginTop = down + "px";
        box = { left: box.left, right: box.right, top: box.top + down, bottom: box.bottom + down };
      }
      var hidden = covers(box, placed);
      node.classList.toggle("dg-hidden", !!hidden);
      if (!hidden) { placed.push(box); }
    });
  }

  function control(position, node) {
    var made = L.control({ position: position });
    made.onAdd = function () {
      L.DomEvent.disableClickPropagation(node);
      L.DomEvent.disableScrollPropagation(node);
      return node;
    };
    return made;
  }

  // Goes to what is called so, and opens its story.
  function finder(map, page) {
    var box = element("div", "dg-find"), field = element("input"), list = element("datalist");
    var keyOf = new Map(page.finds);
    field.type = "search";
    field.placeholder = page.seek;
    field.setAttribute("aria-label", field.placeholder);
    list.id = "dg-finds-" + L.Util.stamp(map);
    field.setAttribute("list", list.id);
    page.finds.forEach(function (pair) {
      var option = element("option");
      option.value = pair[0];
      list.appendChild(option);
    });
    function go(final) {
      var text = field.value.trim(), key = keyOf.get(text);
      if (key === undefined && final && text) {
        var near = page.finds.filter(function (pair) { return pair[0].indexOf(text) >= 0; });
        field.setCustomValidity(near.length ? "" : "没有找到");
        field.reportValidity();
        if (near.length) { key = near[0][1]; }
      }
      if (key !== undefined) { visit(map, key); }
    }
    field.addEventListener("input", function (event) {
      field.setCustomValidity("");
      // A choice from the list comes as one step, without a key.
      if (!event.inputType || event.inputType === "insertReplacementText") { go(false); }
    });
    field.addEventListener("keydown", function (event) {
      if (event.key === "Enter") { go(true); }
    });
    box.appendChild(field);
    box.appendChild(list);
    return box;
  }

  function titleCard(page, map) {
    var node = element("div", "dg-card dg-title");
    if (page.title) { node.appendChild(element("h1", "", page.title)); }
    page.headlines.forEach(function (line) {
      var text = element("p", "", line[0] + " ");
      text.appendChild(element("b", "", line[1]));
      node.appendChild(text);
    });
    page.warnings.forEach(function (text) { node.appendChild(element("p", "dg-notice", text)); });
    if (page.finds.length) { node.appendChild(finder(map, page)); }
    return node;
  }

  // What to look at, in order; a click leads there.
  function listing(map, page) {
    var card = element("div", "dg-card dg-list"), list = element("ol");
    var head = element("button", "dg-fold", page.listing.title);
    function fold(folded) {
      list.style.display = folded ? "none" : "";
      head.setAttribute("aria-expanded", String(!folded));
    }
    head.type = "button";
    head.addEventListener("click", function () { fold(list.style.display !== "none"); });
    page.listing.items.forEach(function (item) {
      var line = element("li"), link = element("button");
      link.type = "button";
      link.appendChild(swatch(item.entry));
      var texts = element("span");
      item.texts.forEach(function (text, at) { texts.appendChild(element(at ? "small" : "b", "", text)); });
      link.appendChild(texts);
      link.addEventListener("click", function () { visit(map, item.key); });
      line.appendChild(link);
      list.appendChild(line);
    });
    card.appendChild(head);
    card.appendChild(list);
    fold(map.getSize().x <= 900);
    return card;
  }

  function swatch(entry) {
    var node = element("i", entry.line ? "dg-line" : entry.round ? "dg-dot" : "");
    if (entry.line) {
      node.style.borderTopStyle = entry.dash ? "dashed" : "solid";
      node.style.borderTopWidth = Math.max(entry.weight, 1) + "px";
      node.style.borderTopColor = entry.color;
    } else {
      node.style.background = entry.fill;
      if (entry.pattern) {
        node.style.backgroundImage = "url(" + tile(entry.pattern).toDataURL() + ")";
      }
      node.style.border = (entry.weight || 1) + "px " + (entry.dash ? "dashed " : "solid ") + entry.color;
    }
    return node;
  }

  function legend(map, page, layers) {
    var card = element("div", "dg-card dg-legend");
    var sections = page.legends.map(function (part) {
      var section = element("section", part.close ? "dg-close" : "");
      section.appendChild(element("h2", "", part.title));
      if (part.unit) { section.appendChild(element("div", "dg-unit", part.unit)); }
      part.entries.forEach(function (entry) {
        var key = element("div", "dg-key");
        key.appendChild(swatch(entry));
        key.appendChild(element("span", "", entry.label));
        section.appendChild(key);
      });
      card.appendChild(section);
      return [section, layers.get(part.layer)];
    });
    function follow() {
      var any = false;
      sections.forEach(function (pair) {
        var shown = !pair[1] || map.hasLayer(pair[1]);
        pair[0].style.display = shown ? "" : "none";
        // A line parts a section from the one above, and the first shown has none above.
        pair[0].classList.toggle("dg-first", shown && !any);
        any = any || shown;
      });
      card.style.display = any ? "" : "none";
      tidyLabels(map);
      tidyMarks(map);
    }
    map.on("layeradd layerremove", function (event) {
      if (event.layer instanceof L.FeatureGroup || event.layer instanceof L.ImageOverlay) { follow(); }
    });
    return [card, follow];
  }

  function footer(map, page) {
    var node = element("div", "dg-footer");
    page.footer.forEach(function (line) { node.appendChild(element("p", line[0], line[1])); });
    L.DomEvent.disableClickPropagation(node);
    L.DomEvent.disableScrollPropagation(node);
    map.getContainer().appendChild(node);
    function lift() {
      map.getContainer().querySelectorAll(".leaflet-bottom").forEach(function (corner) {
        corner.style.bottom = node.offsetHeight + "px";
      });
    }
    lift();
    map.on("resize", lift);
    return node.offsetHeight;
  }

  function page(map, data, layers) {
    map.dgPage = data;
    map.getContainer().classList.add("dg-map");
    var zoom = map.zoomControl;
    if (zoom) { zoom.setPosition("topright"); }
    control("topleft", titleCard(data, map)).addTo(map);
    // One by one: as keys of an object, two layers of one name would share a switch.
    var switches = null;
    if (layers.length) {
      switches = L.control.layers(null, null, { position: "topright", collapsed: map.getSize().x < 760 || !!data.listing });
      layers.forEach(function (entry) { switches.addOverlay(entry[1], entry[0]); });
      switches.addTo(map);
    }
    var list = data.listing && listing(map, data);
    if (list) { control("topright", list).addTo(map); }
    var byName = new Map();
    data.layers.forEach(function (name, at) { byName.set(name, layers[at][1]); });
    var made = legend(map, data, byName);
    if (data.legends.length) { control("bottomleft", made[0]).addTo(map); }
    L.control.scale({ position: "bottomright", imperial: false, maxWidth: 140 }).addTo(map);
    var below = footer(map, data);
    made[1]();
    if (data.bounds) {
      // On a wide screen the map stands beside its legend, on a narrow one behind it.
      var size = map.getSize(), wide = size.x > 900;
      var beside = wide ? Math.min(made[0].offsetWidth + 14, size.x / 3) : 0;
      var corner = list || (layers.length > 8 && switches.getContainer());
      // However long a name is, two thirds of the map are left.
      var behind = wide && corner ? Math.min(corner.offsetWidth + 10, size.x / 3) : 0;
      map.fitBounds(data.bounds, {
        paddingTopLeft: [beside + 16, 16], paddingBottomRight: [behind + 16, below + 16], animate: false
      });
    }
    map.on("zoomend moveend", function () { tidyLabels(map); });
    map.on("zoomend", function () { tidyMarks(map); });
    tidyLabels(map);
    tidyMarks(map);
  }

  return { layer: layer, page: page };
})();
