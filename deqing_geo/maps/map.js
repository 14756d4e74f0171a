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

  function story(map, key) {
    var page = map.dgPage, told = page.stories[key], node = element("div", "dg-story");
    if (!told) { return null; }
    node.appendChild(element("h3", "", told.name));
    told.parts.forEach(function (part) {
      if (part.title) { node.appendChild(element("h4", "", part.title)); }
      if (part.text) { node.appendChild(element("p", "", part.text)); }
      var table = element("table");
      part.rows.forEach(function (row) {
        var line = table.insertRow();
        line.insertCell().textContent = row[0];
        var value = line.insertCell(), whole = DeqingReader.place(map, row[0], row[1]);
        if (whole) { value.appendChild(whole); } else { value.textContent = row[1]; }
      });
      node.appendChild(table);
    });
    return node;
  }

  // A long story scrolls in its own window; the reader's part moves it clear of what lies above.
  function popupSize(map) {
    var size = map.getSize();
    return {
      maxWidth: Math.min(420, size.x - 60),
      maxHeight: Math.max(160, Math.round(size.y * 0.5)),
      autoPan: false
    };
  }

  function layer(map, data) {
    var group = L.featureGroup(), shapes = DeqingShapes.outlines(data);
    var grid = data.grid || data.unit, few = shapes.length < DeqingShapes.LEAN_FROM;
    function bind(drawn, at) {
      var tip = data.tips && data.tips[at], key = data.keys && data.keys[at];
      if (tip) {
        drawn.bindTooltip(function () { return lines(tip); }, { sticky: true, direction: "top" });
      }
      if (key !== undefined && key !== null) {
        drawn.bindPopup(function () { return story(map, key) || lines(tip || [key]); },
          popupSize(map));
      }
    }
    // One shape or mark; the first drawn is where a search leads.
    function keep(drawn, at, mark) {
      var key = data.keys && data.keys[at];
      if (key !== undefined && key !== null) {
        if (!map.dgShapes) { map.dgShapes = new Map(); }
        if (!map.dgShapes.has(key)) { map.dgShapes.set(key, [drawn, group]); }
        if (mark) { map.dgShapes.get(key)[2] = drawn; }
        drawn.dgKey = key;
      }
      group.addLayer(drawn);
    }
    function areaOf(shape, unit) {
      return shape.map(function (polygon) {
        return polygon.map(function (ring) { return DeqingShapes.path(ring, unit); });
      });
    }
    function make() {
      var draw = DeqingShapes.maker(data.styles, renderer(map), !few, bind);
      shapes.forEach(function (shape, at) {
        if (shape === null) { return; }
        if (data.points) {
          var options = L.extend({ renderer: renderer(map) }, data.styles[data.use[at]]);
          var dot = L.circleMarker([shape[1] / data.unit, shape[0] / data.unit], options);
          bind(dot, at);
          keep(dot, at);
          return;
        }
        // A layer of mixed shapes says of each whether it is an area.
        var area = Array.isArray(data.area) ? data.area[at] : data.area;
        keep(draw(area, data.use[at], area ? areaOf(shape, grid)
          : shape.map(function (part) { return DeqingShapes.path(part, grid); }), at), at);
      });
      if (!few) { DeqingShapes.listen(group); }
      // What belongs to one shape shows while its story is open, and not before.
      if (data.also) {
        var also = data.also.shapes.map(function (shape) {
          return L.polygon(areaOf(shape || [], data.also.grid || data.unit),
            L.extend({ renderer: renderer(map), interactive: false }, data.also.style));
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
        bind(mark, at);
        keep(mark, at, true);
        var known = map.dgShapes && map.dgShapes.get(data.keys[at]);
        (map.dgMarks = map.dgMarks || []).push([mark, known && known[0] !== mark ? known[0] : null]);
      });
      if (data.labels && data.labels.length) { group.addLayer(DeqingShapes.names(data)); }
    }
    if (data.later) { DeqingShapes.later(map, group, make); } else { make(); }
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

  function find(map, key) { return DeqingShapes.find(map, key); }

  // Goes to what has this key and opens its story; what has no place tells it where one is.
  function visit(map, key) {
    var found = find(map, key);
    if (!found) {
      var told = story(map, key);
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

  // What lies over the map keeps its clicks. Leaflet asks for that from what was clicked upwards,
  // and gets no answer where the click took it off the page, like a line of a list that closes.
  function own(node) {
    L.DomEvent.disableClickPropagation(node);
    node.addEventListener("click", L.DomEvent.stopPropagation);
  }

  function control(position, node) {
    var made = L.control({ position: position });
    made.onAdd = function () {
      own(node);
      L.DomEvent.disableScrollPropagation(node);
      return node;
    };
    return made;
  }

  function titleCard(page, map) {
    var node = element("div", "dg-card dg-title");
    if (page.title) { node.appendChild(element("h1", "", page.title)); }
    if (page.stage) { node.appendChild(element("p", "dg-stage", page.stage)); }
    page.headlines.forEach(function (line) {
      var text = element("p", "", line[0] + " ");
      text.appendChild(element("b", "", line[1]));
      node.appendChild(text);
    });
    page.warnings.forEach(function (text) { node.appendChild(element("p", "dg-notice", text)); });
    if (page.finds.length || page.places.length) { node.appendChild(DeqingReader.finder(map, page)); }
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
      link.addEventListener("click", function (event) {
        // A key pressed the button: who reads by keyboard comes back to it.
        map.dgReturn = event.detail ? null : link;
        visit(map, item.key);
      });
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

  // What folds on a narrow screen: its heading opens it, and shows only there.
  function folding(card, title, open) {
    var head = element("button", "dg-narrow", title);
    function fold(folded) {
      card.classList.toggle("dg-folded", folded);
      head.setAttribute("aria-expanded", String(!folded));
    }
    head.type = "button";
    head.addEventListener("click", function () { fold(!card.classList.contains("dg-folded")); });
    fold(!open);
    return head;
  }

  function legend(map, page, layers) {
    var card = element("div", "dg-card dg-legend"), body = element("div", "dg-body");
    card.appendChild(folding(card, page.words.legend, map.getSize().x > 640));
    card.appendChild(body);
    var sections = page.legends.map(function (part) {
      var section = element("section", part.close ? "dg-close" : "");
      section.appendChild(element("h2", "", part.title));
      if (part.unit) { section.appendChild(element("div", "dg-unit", part.unit)); }
      part.entries.forEach(function (entry) {
        var key = element("div", "dg-key");
        key.appendChild(swatch(entry));
        key.appendChild(element("span", "", entry.label));
        if (entry.amount) { key.appendChild(element("em", "", entry.amount)); }
        section.appendChild(key);
      });
      body.appendChild(section);
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
      DeqingShapes.tidyNames(map);
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
    var fold = folding(node, page.words.footer, map.getSize().x > 640);
    node.insertBefore(fold, node.children[1] || null);
    fold.addEventListener("click", lift);
    node.tabIndex = 0;
    node.setAttribute("role", "contentinfo");
    own(node);
    L.DomEvent.disableScrollPropagation(node);
    map.getContainer().appendChild(node);
    function lift() {
      map.getContainer().querySelectorAll(".leaflet-bottom").forEach(function (corner) {
        corner.style.bottom = node.offsetHeight + "px";
      });
    }
    lift();
    map.on("resize dgresize", lift);
    return node;
  }

  function page(map, data, layers, more) {
    L.extend(data, more);
    data.stories = DeqingShapes.stories(data.stories);
    map.dgPage = data;
    map.getContainer().classList.add("dg-map");
    control("topleft", titleCard(data, map)).addTo(map);
    var tools = DeqingTools.bar(map, data.words, home);
    control("topright", tools.node).addTo(map);
    control("topright", tools.card).addTo(map);
    // One by one: as keys of an object, two layers of one name would share a switch.
    var switches = null;
    if (layers.length) {
      switches = DeqingReader.switches(data, layers, map.getSize().x < 760 || !!data.listing);
      switches.addTo(map);
    }
    var list = data.listing && listing(map, data);
    if (list) { control("topright", list).addTo(map); }
    var byName = new Map();
    data.layers.forEach(function (name, at) { byName.set(name, layers[at][1]); });
    map.dgLayers = byName;
    map.dgSwitches = switches;
    var made = legend(map, data, byName);
    if (data.legends.length) { control("bottomleft", made[0]).addTo(map); }
    var scale = L.control.scale({ position: "bottomright", imperial: false, maxWidth: 140 }).addTo(map);
    scale.getContainer().appendChild(DeqingTools.north(data.words));
    var whole = data.bounds && DeqingTools.inset(map, data);
    if (whole) { control("bottomright", whole.node).addTo(map); }
    var below = footer(map, data), before = map.getContainer().querySelector(".leaflet-control-container");
    DeqingReader.walk(map, data.words).forEach(function (node) { map.getContainer().insertBefore(node, before); });
    DeqingReader.stories(map);
    made[1]();
    function home() {
      if (map.dgHome) { map.dgHome(); return; }
      if (!data.bounds) { return; }
      // On a wide screen the map stands beside its legend, on a narrow one behind it.
      var size = map.getSize(), wide = size.x > 900;
      var beside = wide ? Math.min(made[0].offsetWidth + 14, size.x / 3) : 0;
      var corner = list || (layers.length > 8 && switches.getContainer());
      // However long a name is, two thirds of the map are left.
      var behind = wide && corner ? Math.min(corner.offsetWidth + 10, size.x / 3) : 0;
      map.fitBounds(data.bounds, {
        paddingTopLeft: [beside + 16, 16], paddingBottomRight: [behind + 16, below.offsetHeight + 16], animate: false
      });
    }
    home();
    // Without a background there is no deepest zoom: 7 cm to a pixel is as near as data goes.
    if (!isFinite(map.getMaxZoom())) { map.setMaxZoom(21); }
    DeqingShapes.ready(map);
    map.on("moveend", function () { DeqingShapes.tidyNames(map); });
    map.on("zoomend", function () { tidyMarks(map); });
    DeqingShapes.tidyNames(map);
    tidyMarks(map);
    if (whole) { whole.draw(); }
  }

  return { layer: layer, page: page, element: element, find: find, visit: visit, popupSize: popupSize };
})();
