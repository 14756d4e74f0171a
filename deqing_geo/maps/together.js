// Several maps on one page: two with a divider between them, or one at a time under a slider.
// Each is a map of its own, and all look at the same place. Every text is set as textContent.
var DeqingTogether = (function () {
  "use strict";

  // What belongs to the reader is never cut by the divider.
  var WHOLE = ["mapPane", "popupPane", "tooltipPane", "dgFocus", "dgMeasure"];
  var PACE = 1200;  // milliseconds a map is shown for while the series plays

  function element(tag, className, text) { return DeqingMap.element(tag, className, text); }

  function all(node, selector) { return Array.from(node.querySelectorAll(selector)); }

  // The strip over the maps comes first, for the eye and for the keyboard.
  function strip(maps, nodes) {
    var node = element("div", "dg-strip");
    nodes.forEach(function (one) { node.appendChild(one); });
    document.body.insertBefore(node, document.body.firstChild);
    document.documentElement.classList.add("dg-together");
    maps.forEach(function (map) {
      map.dgFrame = document.documentElement;
      map.invalidateSize({ animate: false, pan: false });
    });
  }

  // What the strip says already, a card need not say again.
  function tidyTitles(maps, title) {
    maps.forEach(function (map) {
      all(map.getContainer(), ".dg-title").forEach(function (card) {
        var head = card.querySelector("h1");
        if (head && head.textContent === title) { head.remove(); }
      });
    });
  }

  function look(map, other) {
    map.setView(other.getCenter(), other.getZoom(), { animate: false });
  }

  // While one is dragged the other slides along; it is drawn anew when the hand lets go.
  function follow(one, other) {
    function led(act) {
      return function () {
        if (one.dgLed || document.documentElement.classList.contains("dg-paper")) { return; }
        other.dgLed = true;
        act();
        other.dgLed = false;
      };
    }
    one.on("move", led(function () {
      if (one.getZoom() !== other.getZoom()) { look(other, one); return; }
      other._rawPanBy(other.latLngToContainerPoint(one.getCenter())
        .subtract(other.getSize().divideBy(2)).round());
    }));
    one.on("moveend", led(function () { look(other, one); }));
  }

  // What both footers say stands once; what one says, says of which.
  function footers(maps, labels) {
    var seen = new Map();
    maps.forEach(function (map, at) {
      map.dgPage.footer.forEach(function (line) {
        var key = line[0] + "\n" + line[1];
        if (!seen.has(key)) { seen.set(key, { line: line, of: [] }); }
        seen.get(key).of.push(at);
      });
    });
    var nodes = maps.map(function (map) {
      var node = map.getContainer().querySelector(".dg-footer"), fold = node.querySelector(".dg-narrow"), first = true;
      all(node, "p").forEach(function (line) { line.remove(); });
      seen.forEach(function (one) {
        var of = one.of.length < maps.length ? labels[one.of[0]] + ":" : "";
        node.insertBefore(element("p", one.line[0], of + one.line[1]), first ? fold : null);
        first = false;
      });
      return node;
    });
    // One is seen; the other keeps the room below its map.
    nodes[1].classList.add("dg-shadow");
    nodes[1].setAttribute("aria-hidden", "true");
    nodes[1].tabIndex = -1;
    nodes[0].querySelector(".dg-narrow").addEventListener("click", function () {
      nodes[1].classList.toggle("dg-folded", nodes[0].classList.contains("dg-folded"));
      maps[1].fire("dgresize");
    });
    return nodes[0];
  }

  // ---------------------------------------------------------------- two maps and a divider

  function swipe(maps, data) {
    var a = maps[0], b = maps[1], at = 0.5, held = false;
    strip(maps, [element("b", "", data.labels[0]), element("h1", "", data.title), element("b", "", data.labels[1])]);
    a.getContainer().classList.add("dg-left");
    b.getContainer().classList.add("dg-right");

    // What is the left map's stands left, what is the right one's right, and the tools once.
    maps.forEach(function (map) {
      // There are two of each: switches open when pointed at.
      if (!map.dgSwitches) { return; }
      map.dgSwitches.remove();
      map.dgSwitches.options.collapsed = true;
      map.dgSwitches.addTo(map);
    });
    function take(from, selector, to, before) {
      all(from, selector).forEach(function (node) { to.insertBefore(node, before ? to.firstChild : null); });
    }
    var left = a._controlCorners, right = b._controlCorners;
    take(left.topright, ".leaflet-control-layers, .dg-list", left.topleft);
    take(right.topright, ".dg-bar, .dg-measure", element("div"));
    take(right.bottomright, ".leaflet-control-scale, .dg-inset", element("div"));
    take(right.topleft, ".dg-title", right.topright, true);
    take(left.topright, ".dg-measure", right.topright, true);
    take(left.topright, ".dg-bar", right.topright, true);
    take(right.bottomleft, ".dg-legend", right.bottomright);
    take(left.bottomright, ".dg-inset", left.bottomleft, true);
    take(left.bottomright, ".leaflet-control-scale", right.bottomright);
    // What is added later keeps to its side.
    left.topright = left.topleft;
    left.bottomright = left.bottomleft;
    right.topleft = right.topright;
    right.bottomleft = right.bottomright;
    maps.forEach(function (map, which) {
      all(map.getContainer(), ".dg-legend").forEach(function (card) {
        card.insertBefore(element("div", "dg-of", data.labels[which]), card.firstChild);
      });
      map._zoomAnimated = map.options.zoomAnimation = false;
    });
    tidyTitles(maps, data.title);
    var told = all(a.getContainer(), ".dg-title .dg-notice").map(function (line) { return line.textContent; });
    all(b.getContainer(), ".dg-title .dg-notice").forEach(function (line) {
      if (told.indexOf(line.textContent) >= 0) { line.classList.add("dg-again"); }
    });
    var below = footers(maps, data.labels);

    var divider = element("div", "dg-divider");
    divider.tabIndex = 0;
    divider.setAttribute("role", "slider");
    divider.setAttribute("aria-label", data.words.divider);
    divider.setAttribute("aria-valuemin", "0");
    divider.setAttribute("aria-valuemax", "100");
    divider.appendChild(element("i"));
    document.body.insertBefore(divider, a.getContainer());

    function clip() {
      maps.forEach(function (map, which) {
        var size = map.getSize(), nw = map.containerPointToLayerPoint([0, 0]), middle = nw.x + at * size.x;
        var sides = [nw.y, which ? nw.x + size.x : middle, nw.y + size.y, which ? middle : nw.x];
        var box = "rect(" + sides.map(function (side) { return side + "px"; }).join(",") + ")", panes = map.getPanes();
        Object.keys(panes).forEach(function (name) {
          if (WHOLE.indexOf(name) < 0) { panes[name].style.clip = box; }
        });
      });
    }
    function set(part) {
      at = Math.max(0, Math.min(1, part));
      divider.style.left = at * 100 + "%";
      divider.setAttribute("aria-valuenow", String(Math.round(at * 100)));
      divider.setAttribute("aria-valuetext", data.labels[0] + " " + Math.round(at * 100) + "%," +
        data.labels[1] + " " + Math.round(100 - at * 100) + "%");
      clip();
    }
    divider.addEventListener("pointerdown", function (event) {
      divider.setPointerCapture(event.pointerId);
      held = true;
    });
    divider.addEventListener("pointermove", function (event) {
      var box = b.getContainer().getBoundingClientRect();
      if (held) { set((event.clientX - box.left) / box.width); }
    });
    ["pointerup", "pointercancel"].forEach(function (name) {
      divider.addEventListener(name, function () { held = false; });
    });
    divider.addEventListener("keydown", function (event) {
      var step = event.shiftKey ? 0.1 : 0.02;
      var to = { ArrowLeft: at - step, ArrowRight: at + step, Home: 0, End: 1 }[event.key];
      if (to === undefined) { return; }
      event.preventDefault();
      set(to);
    });

    // A story or a tip may reach over the divider: its map is then the upper one.
    function raise(map) {
      maps.forEach(function (one) { one.getPane("mapPane").style.zIndex = one === map ? 401 : 400; });
    }
    maps.forEach(function (map, which) {
      ["pointerover", "focusin"].forEach(function (name) {
        map.getContainer().addEventListener(name, function () { if (!map.dgLed) { raise(map); } });
      });
      // The divider steps aside for a story, so that it lies on its own map.
      map.on("popupopen", function (event) {
        raise(map);
        maps[1 - which].closePopup();
        var story = event.popup.getElement().getBoundingClientRect(), box = b.getContainer().getBoundingClientRect();
        var side = (which ? story.left - 14 : story.right + 14) - box.left;
        if (which ? side < at * box.width : side > at * box.width) { set(side / box.width); }
      });
      map.on("move moveend zoomend resize layeradd", clip);
    });

    function home() {
      var bounds = L.latLngBounds([]);
      maps.forEach(function (map) { if (map.dgPage.bounds) { bounds.extend(map.dgPage.bounds); } });
      if (!bounds.isValid()) { return; }
      var size = a.getSize(), beside = maps.map(function (map) {
        var card = map.getContainer().querySelector(".dg-legend");
        return size.x > 900 && card ? Math.min(card.offsetWidth + 14, size.x / 4) : 0;
      });
      a.fitBounds(bounds, {
        paddingTopLeft: [beside[0] + 16, 16], paddingBottomRight: [beside[1] + 16, below.offsetHeight + 16], animate: false
      });
    }
    follow(a, b);
    follow(b, a);
    a.dgHome = home;
    function lift() {
      maps.forEach(function (map) { map.fire("dgresize"); });
      divider.style.bottom = below.offsetHeight + "px";
    }
    lift();
    below.addEventListener("click", lift);
    a.on("resize", lift);
    home();
    look(b, a);
    set(0.5);
  }

  // ---------------------------------------------------------------- one at a time

  function timeline(maps, data) {
    var now = maps.length - 1, timer = null, words = data.words;
    var play = element("button", "", words.play), slider = element("input"), said = element("b");
    play.type = "button";
    slider.type = "range";
    slider.min = "0";
    slider.max = String(now);
    slider.step = "1";
    slider.setAttribute("aria-label", words.time);
    said.setAttribute("aria-live", "polite");
    strip(maps, [play, slider, said, element("h1", "", data.title)]);
    tidyTitles(maps, data.title);

    // Layers of one name are switched on or off together.
    function carry(from, to) {
      to.dgLayers.forEach(function (layer, name) {
        if (!from.dgLayers.has(name)) { return; }
        var on = from.hasLayer(from.dgLayers.get(name));
        if (on === to.hasLayer(layer)) { return; }
        if (on) { to.addLayer(layer); } else { to.removeLayer(layer); }
      });
    }
    function story(map) {
      var popup = map._popup;
      return popup && popup.isOpen() && popup._source ? popup._source.dgKey : undefined;
    }
    // What has this key and is shown.
    function drawn(map, key) {
      var first = map.dgShapes && map.dgShapes.get(key), found = null;
      if (first && map.hasLayer(first[1])) { return first[2] || first[0]; }
      map.eachLayer(function (one) { found = found || (one.dgKey === key ? one : null); });
      return found;
    }
    function show(at) {
      var from = maps[now], to = maps[at], key = story(from), focused = from.getContainer().contains(document.activeElement);
      now = at;
      maps.forEach(function (map, one) { map.getContainer().classList.toggle("dg-away", one !== at); });
      slider.value = String(at);
      slider.setAttribute("aria-valuetext", data.labels[at]);
      said.textContent = data.labels[at];
      if (from === to) { return; }
      all(from.getContainer(), '.dg-icon-measure[aria-pressed="true"]').forEach(function (ruler) { ruler.click(); });
      carry(from, to);
      look(to, from);
      from.dgReturn = null;
      from.closePopup();
      to.closePopup();
      var same = key === undefined ? null : drawn(to, key);
      if (same) { same.openPopup(); }
      if (focused) { slider.focus(); }
    }
    function halt() {
      clearInterval(timer);
      timer = null;
      play.textContent = words.play;
    }
    function toggle() {
      if (timer) { halt(); return; }
      if (now === maps.length - 1) { show(0); }
      play.textContent = words.pause;
      timer = setInterval(function () {
        show(now + 1);
        if (now === maps.length - 1) { halt(); }
      }, PACE);
    }
    play.addEventListener("click", toggle);
    slider.addEventListener("input", function () { halt(); show(Number(slider.value)); });
    slider.addEventListener("keydown", function (event) {
      if (event.key === " ") { event.preventDefault(); toggle(); }
    });
    show(now);
  }

  return { swipe: swipe, timeline: timeline };
})();
