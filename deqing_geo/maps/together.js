// Several maps on one page: two with a divider between them, or one at a time under a slider.
// Each is a map of its own; all look at the same place. Every text is set as textContent.
var DeqingTogether = (function () {
  "use strict";

  function element(tag, className, text) {
    var node = document.createElement(tag);
    if (className) { node.className = className; }
    if (text !== undefined) { node.textContent = text; }
    return node;
  }

  function heading(data) {
    var node = element("div", "dg-middle");
    if (data.title) { node.appendChild(element("h1", "", data.title)); }
    data.warnings.forEach(function (text) {
      var said = element("p", "dg-notice", text);
      said.title = text;
      node.appendChild(said);
    });
    return node;
  }

  function look(map, other) {
    map.setView(other.getCenter(), other.getZoom(), { animate: false });
  }

  // While one is dragged the other slides along; it is drawn anew when the hand lets go.
  function follow(one, other) {
    var busy = false;
    function guarded(act) {
      return function () {
        if (one.dgLed || busy) { return; }
        busy = other.dgLed = true;
        act();
        busy = other.dgLed = false;
      };
    }
    one.on("move", guarded(function () {
      if (one.getZoom() !== other.getZoom()) { look(other, one); return; }
      other._rawPanBy(other.latLngToContainerPoint(one.getCenter())
        .subtract(other.getSize().divideBy(2)).round());
    }));
    one.on("moveend", guarded(function () { look(other, one); }));
  }

  // What both footers say stands once; what one says, says of which.
  function footer(maps, data) {
    var node = element("div", "dg-footer"), seen = new Map();
    function add(className, text, at) {
      var key = className + "\n" + text;
      if (!seen.has(key)) { seen.set(key, { className: className, text: text, of: [] }); }
      seen.get(key).of.push(at);
    }
    data.footer.forEach(function (line) { add(line[0], line[1], -1); });
    maps.forEach(function (map, at) {
      map.getContainer().querySelectorAll(".dg-footer p").forEach(function (line) {
        add(line.className, line.textContent, at);
      });
      map.getContainer().querySelectorAll(".dg-footer").forEach(function (one) { one.remove(); });
    });
    seen.forEach(function (line) {
      var one = line.of.length === 1 && line.of[0] >= 0 ? data.labels[line.of[0]] + ":" : "";
      node.appendChild(element("p", line.className, one + line.text));
    });
    return node;
  }

  function swipe(maps, layers, data) {
    var a = maps[0], b = maps[1], at = 0.5, strip = element("div", "dg-strip");
    strip.appendChild(element("b", "", data.labels[0]));
    strip.appendChild(heading(data));
    strip.appendChild(element("b", "", data.labels[1]));
    document.body.appendChild(strip);

    // Cards stand over both maps, so that neither is cut: the left one's left, the other's right.
    var chrome = element("div", a.getContainer().className + " dg-chrome");
    var ours = ".dg-title, .dg-legend, .dg-list, .dg-fade, .leaflet-control-layers";
    function move(from, to) { while (from.firstChild) { to.appendChild(from.firstChild); } }
    maps.forEach(function (map) {
      var corner = map._controlCorners, first = map === a;
      if (!first) {
        Object.keys(corner).forEach(function (key) {
          Array.from(corner[key].children).forEach(function (node) {
            if (!node.matches(ours)) { node.style.display = "none"; }
          });
        });
      }
      move(first ? corner.topright : corner.topleft, first ? corner.topleft : corner.topright);
      move(first ? corner.bottomright : corner.bottomleft, first ? corner.bottomleft : corner.bottomright);
      if (!first) {
        // Its title first, as on the other side.
        var title = corner.topright.querySelector(".dg-title");
        if (title) { corner.topright.prepend(title); }
      }
      chrome.appendChild(map._controlContainer);
      map._zoomAnimated = map.options.zoomAnimation = false;
    });
    var below = footer(maps, data);
    chrome.appendChild(below);
    document.body.appendChild(chrome);

    var divider = element("div", "dg-swipe"), wide;
    divider.tabIndex = 0;
    divider.setAttribute("role", "slider");
    divider.setAttribute("aria-orientation", "horizontal");
    divider.setAttribute("aria-label", data.labels[0] + " | " + data.labels[1]);
    divider.setAttribute("aria-valuemin", "0");
    divider.setAttribute("aria-valuemax", "100");
    divider.appendChild(element("i"));
    document.body.appendChild(divider);
    function set(part) {
      at = Math.max(0, Math.min(1, part));
      b.getContainer().style.clipPath = "inset(0 0 0 " + at * 100 + "%)";
      divider.style.left = at * 100 + "%";
      divider.setAttribute("aria-valuenow", String(Math.round(at * 100)));
    }
    function here(event) {
      var box = b.getContainer().getBoundingClientRect();
      set((event.clientX - box.left) / box.width);
    }
    divider.addEventListener("pointerdown", function (event) {
      divider.setPointerCapture(event.pointerId);
      wide = true;
    });
    divider.addEventListener("pointermove", function (event) { if (wide) { here(event); } });
    ["pointerup", "pointercancel"].forEach(function (name) {
      divider.addEventListener(name, function () { wide = false; });
    });
    divider.addEventListener("keydown", function (event) {
      var step = event.shiftKey ? 0.1 : 0.02;
      var to = { ArrowLeft: at - step, ArrowRight: at + step, Home: 0, End: 1 }[event.key];
      if (to === undefined) { return; }
      event.preventDefault();
      set(to);
    });
    // The divider steps aside for a story.
    maps.forEach(function (map) {
      map.on("popupopen", function (event) {
        setTimeout(function () {
          var node = event.popup.getElement(), box = b.getContainer().getBoundingClientRect();
          if (!node) { return; }
          var story = node.getBoundingClientRect();
          if (map === a && story.right + 12 > box.left + at * box.width) {
            set((story.right + 12 - box.left) / box.width);
          } else if (map === b && story.left - 12 < box.left + at * box.width) {
            set((story.left - 12 - box.left) / box.width);
          }
        }, 350);
      });
    });

    function lift() {
      chrome.querySelectorAll(".leaflet-bottom").forEach(function (corner) {
        corner.style.bottom = below.offsetHeight + "px";
      });
      divider.style.bottom = below.offsetHeight + "px";
    }
    lift();
    window.addEventListener("resize", lift);
    set(0.5);
    var bounds = a.dgPage && a.dgPage.bounds, size = a.getSize();
    var cards = Array.from(chrome.querySelectorAll(".dg-legend")).map(function (card) {
      return size.x > 900 ? Math.min(card.offsetWidth + 24, size.x / 4) : 0;
    });
    if (bounds) {
      a.fitBounds(bounds, {
        animate: false, paddingTopLeft: [(cards[0] || 0) + 12, 12],
        paddingBottomRight: [(cards[1] || 0) + 12, below.offsetHeight + 12]
      });
    }
    look(b, a);
    follow(a, b);
    follow(b, a);
  }

  function timeline(maps, layers, data) {
    var strip = element("div", "dg-strip"), now = maps.length - 1, timer = null;
    var play = element("button", "", "播放"), slider = element("input"), said = element("b");
    play.type = "button";
    slider.type = "range";
    slider.min = "0";
    slider.max = String(maps.length - 1);
    slider.step = "1";
    slider.setAttribute("aria-label", "时间");
    said.setAttribute("aria-live", "polite");
    [play, slider, said, heading(data)].forEach(function (node) { strip.appendChild(node); });
    document.body.appendChild(strip);

    // Layers of one name are switched on or off together.
    function carry(from, to) {
      var on = new Map();
      layers[from].forEach(function (pair) { on.set(pair[0], maps[from].hasLayer(pair[1])); });
      layers[to].forEach(function (pair) {
        if (!on.has(pair[0]) || on.get(pair[0]) === maps[to].hasLayer(pair[1])) { return; }
        if (on.get(pair[0])) { maps[to].addLayer(pair[1]); } else { maps[to].removeLayer(pair[1]); }
      });
    }
    function show(at) {
      var from = maps[now], to = maps[at];
      if (at !== now) {
        carry(now, at);
        look(to, from);
        var popup = from._popup, key = popup && popup.isOpen() && popup._source && popup._source.dgKey;
        from.closePopup();
        to.closePopup();
        var same = key !== undefined && key !== null && to.dgShapes && to.dgShapes.get(key);
        if (same && to.hasLayer(same[1])) { (same[2] || same[0]).openPopup(); }
      }
      now = at;
      maps.forEach(function (map, one) {
        map.getContainer().classList.toggle("dg-away", one !== at);
      });
      slider.value = String(at);
      slider.setAttribute("aria-valuetext", data.labels[at]);
      said.textContent = data.labels[at];
    }
    function halt() {
      clearInterval(timer);
      timer = null;
      play.textContent = "播放";
    }
    function toggle() {
      if (timer) { halt(); return; }
      if (now === maps.length - 1) { show(0); }
      play.textContent = "暂停";
      timer = setInterval(function () {
        show(now + 1);
        if (now === maps.length - 1) { halt(); }
      }, 1200);
    }
    play.addEventListener("click", toggle);
    slider.addEventListener("input", function () { halt(); show(Number(slider.value)); });
    slider.addEventListener("keydown", function (event) {
      if (event.key === " ") { event.preventDefault(); toggle(); }
    });
    // The last is seen first, where the first was made to look.
    maps.forEach(function (map) { if (map !== maps[now]) { look(map, maps[now]); } });
    show(now);
  }

  return { swipe: swipe, timeline: timeline };
})();
