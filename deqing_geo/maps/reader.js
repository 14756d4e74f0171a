// How a reader finds and reads what is on a map: search, switches in groups, the keyboard's way
// from area to area, and stories that nothing covers. Every text is set as textContent.
var DeqingReader = (function () {
  "use strict";

  // So many finds are offered at once; who types on sees the others.
  var OFFERED = 12;
  // Of a group without headings nothing is gained.
  var SOME = 2;

  function element(tag, className, text) { return DeqingMap.element(tag, className, text); }

  // ---------------------------------------------------------------- search

  // A field with its list: exact names first, then those that begin so, then those that hold it.
  function finder(map, page) {
    var box = element("div", "dg-find"), field = element("input"), list = element("ul");
    var words = page.words, chosen = -1, offered = [];
    var all = page.finds.map(function (pair) { return { text: pair[0], kind: "", keys: [pair[1]] }; });
    page.places.forEach(function (one) {
      all.push({ text: one.name, kind: one.kind, keys: one.keys, told: one.rows });
    });
    list.id = "dg-finds-" + L.Util.stamp(map);
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", page.seek);
    list.hidden = true;
    field.type = "search";
    field.placeholder = page.seek;
    field.autocomplete = "off";
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-label", page.seek);
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-expanded", "false");
    field.setAttribute("aria-controls", list.id);

    function matches(text) {
      var ranks = [[], [], []];
      all.forEach(function (one) {
        var at = one.text.indexOf(text);
        if (at >= 0) { ranks[one.text === text ? 0 : at ? 2 : 1].push(one); }
      });
      return ranks[0].concat(ranks[1], ranks[2]);
    }
    function close() {
      list.hidden = true;
      list.replaceChildren();
      offered = [];
      choose(-1);
      field.setAttribute("aria-expanded", "false");
    }
    function choose(at) {
      chosen = at;
      field.removeAttribute("aria-activedescendant");
      Array.prototype.forEach.call(list.children, function (line, one) {
        line.setAttribute("aria-selected", String(one === at));
        if (one === at && offered.length) {
          field.setAttribute("aria-activedescendant", line.id);
          line.scrollIntoView({ block: "nearest" });
        }
      });
    }
    function note(text) {
      var line = element("li", "dg-none", text);
      line.setAttribute("role", "option");
      line.setAttribute("aria-disabled", "true");
      list.appendChild(line);
    }
    function offer() {
      var text = field.value.trim(), found = text ? matches(text) : [];
      close();
      field.setCustomValidity(text && !found.length ? words.not_found : "");
      if (!text) { return; }
      offered = found.slice(0, OFFERED);
      offered.forEach(function (one, at) {
        var line = element("li");
        line.id = list.id + "-" + at;
        line.setAttribute("role", "option");
        line.appendChild(element("span", "", one.text));
        if (one.kind) { line.appendChild(element("small", "", one.kind)); }
        // The field keeps the focus: it would close the list before a click arrives.
        line.addEventListener("mousedown", function (event) { event.preventDefault(); });
        line.addEventListener("click", function () { go(one); });
        list.appendChild(line);
      });
      if (!found.length) { note(words.not_found); }
      if (found.length > OFFERED) { note(words.more_found + " " + (found.length - OFFERED)); }
      list.hidden = false;
      field.setAttribute("aria-expanded", "true");
      choose(-1);
    }
    function go(one) {
      field.value = one.text;
      close();
      map.dgReturn = field;
      if (one.keys.length === 1 && !(one.told && one.told.length)) { DeqingMap.visit(map, one.keys[0]); } else { visitAll(map, one); }
    }
    field.addEventListener("input", offer);
    field.addEventListener("focus", function () { if (field.value.trim() && list.hidden) { offer(); } });
    field.addEventListener("blur", close);
    field.addEventListener("keydown", function (event) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) { offer(); }
        if (offered.length) {
          var step = event.key === "ArrowDown" ? 1 : -1, from = chosen < 0 && step < 0 ? 0 : chosen;
          choose((from + step + offered.length) % offered.length);
        }
      } else if (event.key === "Enter") {
        event.preventDefault();
        if (list.hidden) { offer(); }
        var one = offered[Math.max(chosen, 0)];
        if (one) { go(one); }
      } else if (event.key === "Escape" && !list.hidden) {
        event.stopPropagation();
        close();
      }
    });
    box.appendChild(field);
    box.appendChild(list);
    return box;
  }

  // What a story names and the page can tell of as a whole, such as a town: a way to its summary.
  function place(map, kind, name) {
    var page = map.dgPage;
    page.byKind = page.byKind || page.places.reduce(function (known, one) {
      return known.set(one.kind + "\n" + one.name, one);
    }, new Map());
    var one = page.byKind.get(kind + "\n" + name);
    if (!one) { return null; }
    var button = element("button", "dg-whole", name);
    button.type = "button";
    button.addEventListener("click", function () {
      visitAll(map, { text: one.name, keys: one.keys, told: one.rows });
    });
    return button;
  }

  // All that bears one name, with what there is to say of it as a whole.
  function visitAll(map, one) {
    var bounds = L.latLngBounds([]);
    one.keys.forEach(function (key) {
      var found = DeqingMap.find(map, key);
      if (!found) { return; }
      if (!map.hasLayer(found[1])) { map.addLayer(found[1]); }
      bounds.extend(found[0].getBounds ? found[0].getBounds() : found[0].getLatLng());
    });
    if (!bounds.isValid()) { return; }
    map.fitBounds(bounds.pad(0.2), { animate: false, maxZoom: 17 });
    var node = element("div", "dg-story"), table = element("table");
    node.appendChild(element("h3", "", one.text));
    (one.told || []).forEach(function (row) {
      var line = table.insertRow();
      line.insertCell().textContent = row[0];
      line.insertCell().textContent = row[1];
    });
    node.appendChild(table);
    L.popup(L.extend({ className: "dg-nowhere" }, DeqingMap.popupSize(map)))
      .setLatLng(bounds.getCenter()).setContent(node).openOn(map);
  }

  // ---------------------------------------------------------------- switches

  // Leaflet's own list of layers, under the headings they belong to.
  var Grouped = L.Control.Layers.extend({
    _update: function () {
      L.Control.Layers.prototype._update.call(this);
      if (this._overlaysList) { this._arrange(); }
      return this;
    },
    _arrange: function () {
      var list = this._overlaysList, lines = Array.from(list.children), of = this.options.groups;
      var order = this.options.order.filter(function (name) { return of.indexOf(name) >= 0; });
      if (order.length < SOME || lines.length !== of.length) { return; }
      var words = this.options.words;
      order.forEach(function (name) {
        var mine = lines.filter(function (line, at) { return of[at] === name; });
        var head = element("div", "dg-group"), box = element("div");
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", name);
        head.appendChild(element("b", "", name));
        if (mine.length > 1) {
          [[words.all, true], [words.none, false]].forEach(function (choice) {
            var button = element("button", "", choice[0]);
            button.type = "button";
            button.setAttribute("aria-label", name + ":" + choice[0]);
            button.addEventListener("click", function () {
              mine.forEach(function (line) {
                var input = line.querySelector("input");
                if (input.checked !== choice[1]) { input.click(); }
              });
            });
            head.appendChild(button);
          });
        }
        box.appendChild(head);
        mine.forEach(function (line) { box.appendChild(line); });
        list.appendChild(box);
      });
    }
  });

  function switches(page, layers, collapsed) {
    var made = new Grouped(null, null, {
      position: "topright", collapsed: collapsed, groups: page.groups, order: page.group_order, words: page.words
    });
    layers.forEach(function (entry) { made.addOverlay(entry[1], entry[0]); });
    return made;
  }

  // ---------------------------------------------------------------- stories

  // A story is read whole: the map moves the shortest way that leaves nothing over it.
  function clear(map, popup) {
    var node = popup.getElement(), root = map.getContainer();
    if (!node) { return; }
    var frame = root.getBoundingClientRect(), box = node.getBoundingClientRect(), gap = 6;
    var over = Array.from((map.dgFrame || root).querySelectorAll(
      ".dg-title, .dg-legend, .dg-footer, .dg-bar, .dg-list, .dg-measure, .dg-inset, .dg-fade, .leaflet-control-layers"
    )).filter(function (one) { return !one.closest(".dg-away, .dg-shadow"); }).map(function (one) { return one.getBoundingClientRect(); })
      .filter(function (one) { return one.width && one.height; });
    function free(dx, dy, others) {
      var l = box.left + dx, r = box.right + dx, t = box.top + dy, b = box.bottom + dy;
      if (l < frame.left + gap || r > frame.right - gap || t < frame.top + gap || b > frame.bottom - gap) { return false; }
      return others.every(function (one) {
        return r <= one.left || l >= one.right || b <= one.top || t >= one.bottom;
      });
    }
    function shortest(others) {
      var xs = [0, frame.left + gap - box.left, frame.right - gap - box.right];
      var ys = [0, frame.top + gap - box.top, frame.bottom - gap - box.bottom], best = null;
      others.forEach(function (one) {
        xs.push(one.right + gap - box.left, one.left - gap - box.right);
        ys.push(one.bottom + gap - box.top, one.top - gap - box.bottom);
      });
      xs.forEach(function (dx) {
        ys.forEach(function (dy) {
          var far = dx * dx + dy * dy;
          if ((!best || far < best[0]) && free(dx, dy, others)) { best = [far, dx, dy]; }
        });
      });
      return best;
    }
    // On a telephone there may be no room beside everything: then title and footer count, then
    // the footer alone, which says what may not be done with the map.
    var kept = [over, over.filter(function (one) { return one.top <= frame.top + 20 || one.bottom >= frame.bottom - 1; }),
      over.filter(function (one) { return one.bottom >= frame.bottom - 1; }), []];
    var found = kept.reduce(function (before, others) { return before || shortest(others); }, null);
    if (found && found[0]) { map.panBy([-found[1], -found[2]], { animate: false }); }
  }

  // Who came by keyboard or search reads on in the story, and comes back where she was.
  function stories(map) {
    map.on("popupopen", function (event) {
      clear(map, event.popup);
      var node = event.popup.getElement(), inside = node && node.querySelector(".leaflet-popup-content");
      if (!inside) { return; }
      var head = inside.querySelector("h3");
      node.setAttribute("role", "dialog");
      node.setAttribute("aria-label", head ? head.textContent : inside.textContent.slice(0, 60));
      inside.tabIndex = -1;
      if (map.dgReturn) { inside.focus({ preventScroll: true }); }
    });
    map.on("popupclose", function (event) {
      var back = map.dgReturn, node = event.popup.getElement();
      if (!back) { return; }
      map.dgReturn = null;
      if (!node || node.contains(document.activeElement) || document.activeElement === document.body) {
        back.focus({ preventScroll: true });
      }
    });
    map.getContainer().addEventListener("keydown", function (event) {
      if (event.key === "Escape" && map._popup && map._popup.isOpen()) {
        event.stopPropagation();
        map.closePopup();
      }
    });
  }

  // ---------------------------------------------------------------- the keyboard's way

  // Areas from north to south, and in a row from west to east, as one reads.
  function inOrder(map) {
    var seen = new Set(), areas = [], others = [];
    map.eachLayer(function (one) {
      if (one.dgKey === undefined || seen.has(one.dgKey)) { return; }
      seen.add(one.dgKey);
      var bounds = one.getBounds ? one.getBounds() : L.latLngBounds([one.getLatLng()]);
      if (!bounds.isValid()) { return; }
      (one instanceof L.Polygon || one instanceof L.CircleMarker ? areas : others)
        .push({ drawn: one, at: bounds.getCenter(), high: bounds.getNorth() - bounds.getSouth() });
    });
    // Roads are for the search, unless there is nothing else.
    if (!areas.length) { areas = others; }
    var heights = areas.map(function (one) { return one.high; }).sort(function (a, b) { return a - b; });
    var row = heights[Math.floor(heights.length / 2)] || 1e-4;
    var top = areas.reduce(function (most, one) { return Math.max(most, one.at.lat); }, -90);
    areas.forEach(function (one) { one.row = Math.round((top - one.at.lat) / row); });
    return areas.sort(function (a, b) { return a.row - b.row || a.at.lng - b.at.lng; });
  }

  function told(map, drawn) {
    var tip = drawn.getTooltip(), content = tip && tip.getContent();
    if (typeof content === "function") { content = content(drawn); }
    if (content && content.children) {
      return Array.from(content.children).map(function (one) { return one.textContent; }).join(",");
    }
    var story = map.dgPage.stories[drawn.dgKey];
    return story ? story.name : "";
  }

  function walk(map, words) {
    var node = element("div", "dg-walk"), live = element("div", "dg-live");
    var order = [], at = -1, frame = null, pen = null, reading = false;
    node.tabIndex = 0;
    node.setAttribute("role", "application");
    node.setAttribute("aria-label", words.walk);
    live.setAttribute("role", "status");
    live.setAttribute("aria-live", "polite");
    function mark() {
      if (frame) { frame.remove(); }
      frame = null;
      var one = order[at];
      if (!one) { return; }
      if (!map.getPane("dgFocus")) { map.createPane("dgFocus").style.zIndex = 630; }
      pen = pen || L.svg({ pane: "dgFocus", padding: 0.3 });
      var looks = [{ color: "#fff", weight: 7 }, { color: "#111", weight: 3, dashArray: "7 4" }];
      frame = L.layerGroup(looks.map(function (look) {
        var options = L.extend({ fill: false, interactive: false, renderer: pen }, look);
        return one.drawn.getLatLng
          ? L.circleMarker(one.drawn.getLatLng(), L.extend(options, { radius: one.drawn.options.radius + 5 }))
          : one.drawn instanceof L.Polygon
          ? L.polygon(one.drawn.getLatLngs(), options) : L.polyline(one.drawn.getLatLngs(), options);
      })).addTo(map);
    }
    function go(to) {
      if (!order.length) {
        live.textContent = words.nothing;
        return;
      }
      at = Math.max(0, Math.min(order.length - 1, to));
      var one = order[at];
      if (!map.getBounds().pad(-0.3).contains(one.at)) { map.panTo(one.at, { animate: false }); }
      mark();
      live.textContent = told(map, one.drawn) + "(" + (at + 1) + "/" + order.length + ")";
    }
    node.addEventListener("focus", function () {
      var before = order[at] && order[at].drawn;
      order = inOrder(map);
      at = order.findIndex(function (one) { return one.drawn === before; });
      if (at < 0) { live.textContent = words.walk; } else { mark(); }
    });
    node.addEventListener("blur", function () {
      // Its frame stays while its story is read.
      if (frame && !reading) { frame.remove(); frame = null; }
    });
    node.addEventListener("keydown", function (event) {
      var steps = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: order.length - 1 };
      if (event.key in steps) {
        go(steps[event.key]);
      } else if ((event.key === "Enter" || event.key === " ") && order[at]) {
        reading = true;
        map.dgReturn = node;
        order[at].drawn.openPopup();
        reading = false;
      } else {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
    });
    return [node, live];
  }

  return { finder: finder, place: place, switches: switches, stories: stories, walk: walk };
})();
