// What a reader does with a map besides looking: back to the whole, full screen, measure, print,
// and where on the whole she is. Lengths and areas here are those of the points she clicked,
// on the ellipsoid; no result of the library is computed in the page.
var DeqingTools = (function () {
  "use strict";

  // CGCS2000: half axis in metres, flattening.
  var A = 6378137, F = 1 / 298.257222101;
  var PAPER = { width: 281, height: 190 };  // millimetres: A4 lying, less its margins

  function element(tag, className, text) { return DeqingMap.element(tag, className, text); }

  function button(icon, label, act) {
    var node = element("button", "dg-tool dg-icon-" + icon);
    node.type = "button";
    node.title = label;
    node.setAttribute("aria-label", label);
    node.appendChild(element("i"));
    node.addEventListener("click", act);
    return node;
  }

  // ---------------------------------------------------------------- lengths and areas

  // The shortest way between two places, in metres (T. Vincenty, 1975).
  function distance(from, to) {
    var b = A * (1 - F), r = Math.PI / 180, l = (to.lng - from.lng) * r, lambda = l;
    var u1 = Math.atan((1 - F) * Math.tan(from.lat * r)), u2 = Math.atan((1 - F) * Math.tan(to.lat * r));
    var s1 = Math.sin(u1), c1 = Math.cos(u1), s2 = Math.sin(u2), c2 = Math.cos(u2);
    var sin, cos, sigma, square, middle, turn;
    for (turn = 0; turn < 100; turn += 1) {
      var x = c2 * Math.sin(lambda), y = c1 * s2 - s1 * c2 * Math.cos(lambda), before = lambda;
      sin = Math.sqrt(x * x + y * y);
      if (sin === 0) { return 0; }
      cos = s1 * s2 + c1 * c2 * Math.cos(lambda);
      sigma = Math.atan2(sin, cos);
      var alpha = c1 * c2 * Math.sin(lambda) / sin;
      square = 1 - alpha * alpha;
      middle = square ? cos - 2 * s1 * s2 / square : 0;
      var c = F / 16 * square * (4 + F * (4 - 3 * square));
      lambda = l + (1 - c) * F * alpha *
        (sigma + c * sin * (middle + c * cos * (2 * middle * middle - 1)));
      if (Math.abs(lambda - before) < 1e-12) { break; }
    }
    var up = square * (A * A - b * b) / (b * b);
    var big = 1 + up / 16384 * (4096 + up * (up * (320 - 175 * up) - 768));
    var small = up / 1024 * (256 + up * (up * (74 - 47 * up) - 128));
    var off = small * sin * (middle + small / 4 * (cos * (2 * middle * middle - 1) -
      small / 6 * middle * (4 * sin * sin - 3) * (4 * middle * middle - 3)));
    return b * big * (sigma - off);
  }

  // Square metres inside a ring, by the area-true latitudes of the ellipsoid (J. P. Snyder, 1987,
  // 3-12). Its edges are straight there and not quite the shortest ways: 0.01 % of a ring
  // of 10 km, 0.1 % of one of 50 km at most.
  function surface(places) {
    var e = Math.sqrt(F * (2 - F)), r = Math.PI / 180;
    function q(place) {
      var s = Math.sin(place.lat * r), es = e * s;
      return (1 - e * e) * (s / (1 - es * es) + Math.log((1 + es) / (1 - es)) / (2 * e));
    }
    var sum = 0, first = places[0].lng;
    places.forEach(function (one, at) {
      var next = places[(at + 1) % places.length];
      sum += ((one.lng - first) * q(next) - (next.lng - first) * q(one)) * r;
    });
    return Math.abs(sum) * A * A / 4;
  }

  function metres(value, words) {
    return value < 1000 ? value.toFixed(value < 100 ? 1 : 0) + " " + words.m : (value / 1000).toFixed(2) + " " + words.km;
  }

  function hectares(value, words) {
    var ha = (value / 1e4).toFixed(2) + " " + words.ha;
    return value < 1e6 ? ha : (value / 1e6).toFixed(2) + " " + words.km2 + "(" + ha + ")";
  }

  // ---------------------------------------------------------------- measure

  function measuring(map, words) {
    var card = element("div", "dg-card dg-measure"), said = element("p"), cover = element("div", "dg-cover");
    var cross = element("div", "dg-cross"), places = [], drawn = null, on = false, done = false;
    card.appendChild(element("h2", "", words.measure));
    card.appendChild(said);
    card.appendChild(element("small", "", words.measure_how));
    said.setAttribute("role", "status");
    card.hidden = true;
    cover.appendChild(cross);

    function tell() {
      var length = 0;
      places.forEach(function (one, at) { if (at) { length += distance(places[at - 1], one); } });
      said.textContent = words.length + " " + metres(length, words) +
        (places.length > 2 ? "\n" + words.area + " " + hectares(surface(places), words) : "");
      drawn.clearLayers();
      var look = { color: "#b3261e", weight: 2.5, interactive: false, renderer: drawn.dgPen };
      if (places.length > 2) {
        drawn.addLayer(L.polygon(places, L.extend({}, look, { stroke: false, fillOpacity: 0.12 })));
      }
      drawn.addLayer(L.polyline(places, look));
      places.forEach(function (one) {
        drawn.addLayer(L.circleMarker(one, L.extend({}, look, { radius: 4, fillColor: "#fff", fillOpacity: 1 })));
      });
    }
    function add(place) {
      var last = places[places.length - 1];
      if (done) { places = []; done = false; last = null; }
      // The second click of two on one place ends the line; the next one begins another.
      if (last && map.latLngToContainerPoint(last).distanceTo(map.latLngToContainerPoint(place)) < 5) {
        done = true;
        return;
      }
      places.push(place);
      tell();
    }
    function click(event) { add(event.latlng); }
    function key(event) {
      if (event.key === "Escape") {
        event.stopPropagation();
        stop();
      } else if (event.key === "Backspace" && places.length) {
        event.preventDefault();
        places.pop();
        done = false;
        tell();
      } else if (event.key === "Enter" && event.target === map.getContainer()) {
        add(map.getCenter());
      }
    }
    function start(opener) {
      on = true;
      places = [];
      done = false;
      if (!map.getPane("dgMeasure")) { map.createPane("dgMeasure").style.zIndex = 640; }
      drawn = L.layerGroup();
      drawn.dgPen = L.svg({ pane: "dgMeasure", padding: 0.5 });
      drawn.addTo(map);
      map.closePopup();
      map.getContainer().appendChild(cover);
      map.doubleClickZoom.disable();
      map.on("click", click);
      document.addEventListener("keydown", key, true);
      card.hidden = false;
      card.dgOpener = opener;
      opener.setAttribute("aria-pressed", "true");
      said.textContent = words.length + " " + metres(0, words);
      map.getContainer().focus({ preventScroll: true });
    }
    function stop() {
      if (!on) { return; }
      on = false;
      drawn.remove();
      drawn.dgPen.remove();
      cover.remove();
      map.doubleClickZoom.enable();
      map.off("click", click);
      document.removeEventListener("keydown", key, true);
      card.hidden = true;
      card.dgOpener.setAttribute("aria-pressed", "false");
      card.dgOpener.focus({ preventScroll: true });
    }
    return { card: card, toggle: function (opener) { if (on) { stop(); } else { start(opener); } }, stop: stop };
  }

  // ---------------------------------------------------------------- print

  // Paper has another shape than the window: the same ground is drawn anew for it, twice as
  // fine, with all of the footer, and the window gets its own back.
  function printing(map) {
    var node = map.getContainer(), kept = null;
    function before() {
      if (kept) { return; }
      kept = { center: map.getCenter(), zoom: map.getZoom(), retina: L.Browser.retina, style: node.getAttribute("style") };
      var bounds = map.getBounds();
      L.Browser.retina = true;
      document.documentElement.classList.add("dg-paper");
      node.style.width = PAPER.width + "mm";
      node.style.height = PAPER.height + "mm";
      map.invalidateSize({ animate: false, pan: false });
      map.fire("dgresize");
      map.fitBounds(bounds, { animate: false });
    }
    function after() {
      if (!kept) { return; }
      document.documentElement.classList.remove("dg-paper");
      L.Browser.retina = kept.retina;
      node.setAttribute("style", kept.style || "");
      map.invalidateSize({ animate: false, pan: false });
      map.fire("dgresize");
      map.setView(kept.center, kept.zoom, { animate: false });
      kept = null;
    }
    window.addEventListener("beforeprint", before);
    window.addEventListener("afterprint", after);
  }

  // ---------------------------------------------------------------- where one is

  function north(words) {
    var node = element("div", "dg-north");
    node.setAttribute("role", "img");
    node.setAttribute("aria-label", words.north);
    node.appendChild(element("i"));
    node.appendChild(element("b", "", words.n));
    return node;
  }

  // The whole, and the frame of what is seen of it; shows as soon as that is not all of it.
  function inset(map, data) {
    var wide = 132, high = 92, edge = 6, ratio = 2, node = element("div", "dg-card dg-inset");
    var sheet = null, pen = null;
    var rings = [], whole = L.latLngBounds(data.bounds);
    (data.outline || []).forEach(function (ring) {
      rings.push(ring.map(function (place) { return L.latLng(place); }));
    });
    if (!rings.length) {
      rings.push([whole.getNorthWest(), whole.getNorthEast(), whole.getSouthEast(), whole.getSouthWest()]);
    } else {
      whole = L.latLngBounds([].concat.apply([], rings));
    }
    function flat(place) { return map.options.crs.latLngToPoint(L.latLng(place), 10); }
    var nw = flat(whole.getNorthWest()), se = flat(whole.getSouthEast());
    var scale = Math.min((wide - 2 * edge) / (se.x - nw.x || 1), (high - 2 * edge) / (se.y - nw.y || 1));
    var left = (wide - (se.x - nw.x) * scale) / 2, top = (high - (se.y - nw.y) * scale) / 2;
    function at(place) {
      var p = flat(place);
      return [left + (p.x - nw.x) * scale, top + (p.y - nw.y) * scale];
    }
    var paths = rings.map(function (ring) { return ring.map(at); });
    node.setAttribute("role", "img");
    node.setAttribute("aria-label", data.words.inset);
    function draw() {
      var seen = map.getBounds();
      node.hidden = seen.contains(whole.pad(-0.12));
      if (node.hidden) { return; }
      if (!sheet) {
        sheet = node.appendChild(element("canvas"));
        pen = sheet.getContext("2d");
        sheet.width = wide * ratio;
        sheet.height = high * ratio;
        sheet.style.width = wide + "px";
        sheet.style.height = high + "px";
      }
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, wide, high);
      pen.beginPath();
      paths.forEach(function (path) {
        path.forEach(function (p, i) { if (i) { pen.lineTo(p[0], p[1]); } else { pen.moveTo(p[0], p[1]); } });
        pen.closePath();
      });
      pen.fillStyle = "#dfe5ea";
      pen.fill();
      pen.strokeStyle = "#555";
      pen.lineWidth = 1;
      pen.stroke();
      var a = at(seen.getNorthWest()), b = at(seen.getSouthEast());
      // Of a view far smaller than a pixel a frame of six is left to see.
      var x = Math.min(a[0], (a[0] + b[0]) / 2 - 3), y = Math.min(a[1], (a[1] + b[1]) / 2 - 3);
      pen.strokeStyle = "#b3261e";
      pen.lineWidth = 2;
      pen.strokeRect(x, y, Math.max(b[0] - a[0], 6), Math.max(b[1] - a[1], 6));
    }
    node.addEventListener("click", function (event) {
      var box = sheet.getBoundingClientRect();
      var p = L.point((event.clientX - box.left - left) / scale + nw.x, (event.clientY - box.top - top) / scale + nw.y);
      map.panTo(map.options.crs.pointToLatLng(p, 10), { animate: false });
    });
    map.on("moveend zoomend dgresize resize", draw);
    return { node: node, draw: draw };
  }

  // ---------------------------------------------------------------- the bar

  function bar(map, words, home) {
    var node = element("div", "dg-bar leaflet-bar"), rest = element("div", "dg-rest");
    var measure = measuring(map, words), more = button("more", words.tools, function () {
      var open = node.classList.toggle("dg-open");
      more.setAttribute("aria-expanded", String(open));
    });
    more.classList.add("dg-more");
    more.setAttribute("aria-expanded", "false");
    node.setAttribute("role", "toolbar");
    node.setAttribute("aria-label", words.tools);
    if (map.zoomControl) { node.appendChild(map.zoomControl.getContainer()); }
    node.appendChild(more);
    rest.appendChild(button("home", words.reset, home));
    if (document.fullscreenEnabled) {
      rest.appendChild(button("full", words.full_screen, function () {
        if (document.fullscreenElement) { document.exitFullscreen(); } else { (map.dgFrame || map.getContainer()).requestFullscreen(); }
      }));
    }
    var ruler = button("measure", words.measure, function () { measure.toggle(ruler); });
    ruler.setAttribute("aria-pressed", "false");
    rest.appendChild(ruler);
    rest.appendChild(button("print", words.print, function () {
      measure.stop();
      window.print();
    }));
    node.appendChild(rest);
    printing(map);
    return { node: node, card: measure.card };
  }

  return { bar: bar, north: north, inset: inset, distance: distance, surface: surface };
})();
