@configuration @gate @exclusive
Feature: All services have the same view of each other
  Segment:          Platform
  Business goal:    Move and replace services during working hours
  Value impact:     Requests reach services that are there, and no others
  Strategic impact: The platform's structure is known at any time

  @CFG-07 @segment.platform
  @needs.configuration @needs.operator @needs.own_services
  Rule: The service mesh has one truth

    Scenario: All services list the same services
      When the operator asks every service for the mesh
      Then all views are the same and show every running service in time
      And every address in the mesh answers in time under its health path

    Scenario Outline: Every service notices the end of an instance
      Given Acme is an Enterprise customer
      And two tools instances work for Acme
      When the second tools instance <ends>
      Then every service sees only the first tools instance in time

      Examples:
        | ends       |
        | crashes    |
        | shuts down |

    Scenario: A service without any instance is not shown
      Given every service shows every running service
      When the analytics service crashes
      Then every service has stopped showing the analytics service in time

    Scenario: Every service notices that an instance has moved
      Given Acme is an Enterprise customer
      And two tools instances work for Acme
      When the second tools instance is started again at another address
      Then every service sees it at its new address in time

    Scenario: A new instance is seen by every service
      When the second tools instance starts
      Then every service sees both tools instances in time
      And no other service was restarted

    @needs.own_stores
    Scenario: Every service is found again after the cache has lost its data
      Given every service shows every running service
      When the cache loses its data and some time passes
      Then all views are the same and show every running service in time
