// What lies under the results: a map service, drawn where it belongs, or pictures in the page.
// Only a map service asks for anything, and only for its own tiles; a page whose service does not
// answer says so and works on.
var DeqingBackdrop = (function () {
  "use strict";

  // The published shift of Chinese map services, as in the library's own shifts.
  var A = 6378245.0, EE = 0.00669342162296594323, BOX = [72.004, 0.8293, 137.8347, 55.8271];

  function gcj(lon, lat) {
    if (lon < BOX[0] || lon > BOX[2] || lat < BOX[1] || lat > BOX[3]) { return [lon, lat]; }
    var pi = Math.PI, sin = Math.sin, x = lon - 105, y = lat - 35, root = Math.sqrt(Math.abs(x));
    var ripple = (20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)) * 2 / 3;
    var north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple;
    north += (20 * sin(y * pi) + 40 * sin(y / 3 * pi)) * 2 / 3;
    north += (160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30)) * 2 / 3;
    var east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple;
    east += (20 * sin(x * pi) + 40 * sin(x / 3 * pi)) * 2 / 3;
    east += (150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3;
    var phi = lat * pi / 180, magic = 1 - EE * sin(phi) * sin(phi), degree = pi / 180;
    return [
      lon + east / (A / Math.sqrt(magic) * Math.cos(phi) * degree),
      lat + north / ((A * (1 - EE)) / (magic * Math.sqrt(magic)) * degree)
    ];
  }

  // Tiles drawn in GCJ-02, laid where they are true. The shift changes over a screen: with its
  // mean and its slope (least squares over the view) taken out, less than three pixels are left
  // anywhere on a screen of 1920 by 1080; with the shift of the middle alone it would be more.
  var Shifted = L.TileLayer.extend({
    _there: function (center) {
      var moved = gcj(center.lng, center.lat);
      return L.latLng(moved[1], moved[0]);
    },
    // The shift in pixels: mean (x, y) and how it grows, by x and by y.
    _fit: function (middle, zoom) {
      var map = this._map, size = map.getSize(), mean = [0, 0], slope = [[0, 0], [0, 0]], square = [0, 0];
      for (var i = -2; i <= 2; i += 1) {
        for (var j = -2; j <= 2; j += 1) {
          var off = [i * size.x / 4, j * size.y / 4], at = middle.add(off);
          var there = map.project(this._there(map.unproject(at, zoom)), zoom).subtract(at);
          [there.x, there.y].forEach(function (by, axis) {
            mean[axis] += by / 25;
            slope[axis][0] += by * off[0];
            slope[axis][1] += by * off[1];
          });
          square[0] += off[0] * off[0];
          square[1] += off[1] * off[1];
        }
      }
      return { mean: mean, slope: slope.map(function (row) {
        return row.map(function (sum, by) { return square[by] ? sum / square[by] : 0; });
      }) };
    },
    _setZoomTransform: function (level, center, zoom) {
      var map = this._map, scale = map.getZoomScale(zoom, level.zoom), middle = map.project(center, zoom);
      var still = zoom === map.getZoom() && !map._animatingZoom;
      var origin = still ? map.getPixelOrigin() : map._getNewPixelOrigin(center, zoom);
      var fit = this._fit(middle, zoom), a = 1 + fit.slope[0][0], b = fit.slope[0][1];
      var c = fit.slope[1][0], d = 1 + fit.slope[1][1], whole = (a * d - b * c) / scale;
      // A place of a tile, less the middle's there, is turned back to the place on the ground.
      var back = [d / whole, -b / whole, -c / whole, a / whole];
      var from = middle.add(fit.mean).divideBy(scale).subtract(level.origin);
      var x = middle.x - origin.x - back[0] * from.x - back[1] * from.y;
      var y = middle.y - origin.y - back[2] * from.x - back[3] * from.y;
      level.el.style[L.DomUtil.TRANSFORM] =
        "matrix(" + [back[0], back[2], back[1], back[3], x, y].join(",") + ")";
    },
    _getTiledPixelBounds: function (center) {
      return L.TileLayer.prototype._getTiledPixelBounds.call(this, this._there(center));
    },
    // A map that is dragged keeps its tiles where they were; with another middle they must move.
    _onMoveEnd: function () {
      if (this._map && !this._map._animatingZoom) {
        this._setZoomTransforms(this._map.getCenter(), this._map.getZoom());
      }
      L.TileLayer.prototype._onMoveEnd.call(this);
    }
  });

  function state(map) {
    if (!map.dgBackdrop) { map.dgBackdrop = { rows: [], under: [], own: null }; }
    return map.dgBackdrop;
  }

  // How results lie on what is under them: white lets a light map through; on a picture all fade.
  function lie(map) {
    var told = state(map), pane = map.getPane("overlayPane").style;
    var fade = told.under.some(function (one) { return one[1] === "fade"; });
    var multiply = !fade && told.under.length > 0;
    pane.mixBlendMode = multiply ? "multiply" : "";
    var part = told.own !== null ? told.own : fade ? 0.65 : 1;
    pane.opacity = part === 1 ? "" : String(part);
    if (told.slider && told.own === null) { told.slider.value = String(part); }
  }

  function under(map, owner, mode, on) {
    var told = state(map);
    told.under = told.under.filter(function (one) { return one[0] !== owner; });
    if (on && mode) { told.under.push([owner, mode]); }
    lie(map);
  }

  // Sliders for what lies under, and for the results on it. Made once the page stands.
  function fader(map, data, value, set) {
    var told = state(map), words = data.words;
    told.rows.push([data.name, value, set]);
    if (told.waits) { return; }
    told.waits = true;
    setTimeout(function () {
      var card = document.createElement("details"), head = document.createElement("summary");
      card.className = "dg-card dg-fade";
      head.textContent = words.opacity;
      card.appendChild(head);
      function row(text, at, change) {
        var line = document.createElement("label"), said = document.createElement("span");
        var slider = document.createElement("input");
        said.textContent = text;
        slider.type = "range";
        slider.min = "0";
        slider.max = "1";
        slider.step = "0.05";
        slider.value = String(at);
        slider.setAttribute("aria-label", text + " " + words.opacity);
        slider.addEventListener("input", function () { change(Number(slider.value)); });
        line.appendChild(said);
        line.appendChild(slider);
        card.appendChild(line);
        return slider;
      }
      told.slider = row(words.themes, 1, function (part) { told.own = part; lie(map); });
      told.rows.forEach(function (one) { row(one[0], one[1], one[2]); });
      var control = L.control({ position: "topright" });
      control.onAdd = function () {
        L.DomEvent.disableClickPropagation(card);
        L.DomEvent.disableScrollPropagation(card);
        return card;
      };
      control.addTo(map);
      lie(map);
    }, 0);
  }

  // One tile is asked for before all others; without an answer in time there is no service.
  function probe(tiles, map, wait, then) {
    var zoom = Math.max(tiles.options.minZoom,
      Math.min(tiles.options.maxNativeZoom, Math.round(map.getZoom())));
    var middle = tiles._there ? tiles._there(map.getCenter()) : map.getCenter();
    var at = map.project(middle, zoom).divideBy(256).floor(), image = new Image(), done = false;
    function finish(answer) {
      if (done) { return; }
      done = true;
      clearTimeout(timer);
      image.onload = image.onerror = null;
      if (!answer) { image.removeAttribute("src"); }
      then(answer);
    }
    var timer = setTimeout(function () { finish(false); }, wait);
    image.onload = function () { finish(true); };
    image.onerror = function () { finish(false); };
    at.z = zoom;
    tiles._map = map;
    tiles._tileZoom = zoom;
    tiles._globalTileRange = tiles._pxBoundsToTileRange(map.getPixelWorldBounds(zoom));
    var address = tiles.getTileUrl(at);
    tiles._map = null;
    tiles._tileZoom = undefined;
    image.src = address;
  }

  function basemap(map, data) {
    var Kind = data.shifted ? Shifted : L.TileLayer;
    var all = data.urls.map(function (address) {
      return new Kind(address, {
        subdomains: data.subdomains, minZoom: data.minZoom, maxNativeZoom: data.maxZoom,
        maxZoom: 22, key: data.key, updateWhenIdle: false, keepBuffer: 1
      });
    });
    var group = L.layerGroup(), known = false, asked = 0;
    function say(missing) {
      var card = map.getContainer().querySelector(".dg-title") || map.getContainer();
      var said = group.dgSaid;
      if (missing && !said) {
        said = group.dgSaid = document.createElement("p");
        said.className = "dg-notice dg-offline";
        said.setAttribute("role", "status");
        said.textContent = data.missing;
        card.appendChild(said);
      } else if (!missing && said) {
        said.remove();
        group.dgSaid = null;
      }
    }
    group.on("add", function () {
      var turn = ++asked;
      if (!all.length) { setTimeout(function () { say(map.hasLayer(group)); }, 0); return; }
      if (known) { under(map, group, data.under, true); return; }
      // After the page has chosen its view.
      setTimeout(function () {
        if (turn !== asked || !map.hasLayer(group)) { return; }
        probe(all[0], map, data.wait, function (answer) {
          if (turn !== asked) { return; }
          say(!answer);
          if (!answer || !map.hasLayer(group)) { return; }
          known = true;
          all.forEach(function (tiles) { group.addLayer(tiles); });
          under(map, group, data.under, true);
        });
      }, 0);
    });
    group.on("remove", function () {
      ++asked;
      say(false);
      under(map, group, data.under, false);
    });
    fader(map, data, 1, function (part) {
      all.forEach(function (tiles) { tiles.setOpacity(part); });
    });
    return group;
  }

  // The ground lies under every shape, whenever it is switched on.
  function picture(map, data) {
    if (!map.getPane("dgGround")) { map.createPane("dgGround").style.zIndex = 250; }
    var image = L.imageOverlay(data.picture, data.bounds, {
      pane: "dgGround", interactive: false, opacity: data.opacity
    });
    image.on("add", function () {
      // Near by, a cell is a cell and no cloud.
      if (data.crisp) { image.getElement().style.imageRendering = "pixelated"; }
      under(map, image, data.under, true);
    });
    image.on("remove", function () { under(map, image, data.under, false); });
    fader(map, data, data.opacity, function (part) { image.setOpacity(part); });
    return image;
  }

  return { basemap: basemap, picture: picture, gcj: gcj, Shifted: Shifted };
})();
